import NIOCore
import STOMPTransport
import StomptapRuntime
import SystemC

/// The targets, by the value of `FUZZ_TARGET`. Each is given what libFuzzer thinks up; a broken promise stops the
/// program.
private let targets: [String: @Sendable (FuzzInput) -> Void] = [
    "decoder": fuzzDecoder, "websocket": fuzzWebSocket, "http": fuzzHTTP, "sockjs": fuzzSockJS, "sse": fuzzEventStream,
    "json": fuzzJSON, "frames": fuzzFrameFiles, "lines": fuzzLines, "formats": fuzzFormats, "profiles": fuzzProfiles,
]

private let target: @Sendable (FuzzInput) -> Void = {
    let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = targets[name] else {
        fatalError("FUZZ_TARGET is one of \(targets.keys.sorted().joined(separator: ", "))")
    }
    // Warnings would hide what libFuzzer prints.
    Diagnostics.redirect { check(isHarmless: $0, except: "\n\t") }
    return target
}()

/// What libFuzzer calls.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target(FuzzInput(Array(UnsafeBufferPointer(start: start, count: count))))
    return 0
}

/// What libFuzzer thought up: first bytes that choose how something is done, and then what it is done with.
struct FuzzInput {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

    /// Takes a byte that chooses; 0 at the end.
    mutating func choice() -> UInt8 { bytes.popFirst() ?? 0 }

    /// Takes a byte that says how long pieces are.
    mutating func pieceSize() -> Int { Int(choice() & 0x3F) + 1 }

    var rest: [UInt8] { Array(bytes) }
    var buffer: ByteBuffer { ByteBuffer(bytes: bytes) }
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// All that is left, in pieces of this size.
    func pieces(of size: Int) -> [ByteBuffer] {
        stride(from: bytes.startIndex, to: bytes.endIndex, by: size).map {
            ByteBuffer(bytes: bytes[$0..<min($0 + size, bytes.endIndex)])
        }
    }
}

/// Stops the program if text for a terminal has something that could drive it, but for these scalars.
func check(isHarmless text: [UInt8], except allowed: Set<Unicode.Scalar>) {
    text.withUnsafeBytes { bytes in
        var start = 0
        while let hidden = DisplayEscaping.firstHidden(in: bytes, from: start) {
            guard let scalar = hidden.scalar.flatMap(Unicode.Scalar.init), allowed.contains(scalar) else {
                fatalError("shown as it came at \(hidden.index): \(String(decoding: text, as: UTF8.self))")
            }
            start = hidden.index + hidden.length
        }
    }
}

func check(isHarmless text: [UInt8], except allowed: String) {
    check(isHarmless: text, except: Set(allowed.unicodeScalars))
}

func check(isHarmless text: String, except allowed: String = "") {
    check(isHarmless: Array(text.utf8), except: allowed)
}
