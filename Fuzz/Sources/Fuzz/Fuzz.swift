import NIOCore
import STOMPTransport
import StomptapRuntime
import SystemC

/// The targets, by the value of `FUZZ_TARGET`. Each gets libFuzzer's input; a failed check stops the program.
private let targets: [String: @Sendable (FuzzInput) -> Void] = [
    "decoder": fuzzDecoder, "websocket": fuzzWebSocket, "http": fuzzHTTP, "sockjs": fuzzSockJS, "sse": fuzzEventStream,
    "json": fuzzJSON, "frames": fuzzFrameFiles, "lines": fuzzLines, "formats": fuzzFormats, "profiles": fuzzProfiles,
]

private let target: @Sendable (FuzzInput) -> Void = {
    let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = targets[name] else {
        fatalError("invalid FUZZ_TARGET; use one of \(targets.keys.sorted().joined(separator: ", "))")
    }
    // Warnings would hide libFuzzer's output.
    Diagnostics.redirect { check(isHarmless: $0, except: "\n\t") }
    return target
}()

/// The entry point that libFuzzer calls.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target(FuzzInput(Array(UnsafeBufferPointer(start: start, count: count))))
    return 0
}

/// An input from libFuzzer: first bytes that select options, then the data.
struct FuzzInput {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

    /// Removes a byte that selects options; returns 0 at the end.
    mutating func choice() -> UInt8 { bytes.popFirst() ?? 0 }

    /// Removes a byte that selects the size of pieces: 1 to 64.
    mutating func pieceSize() -> Int { Int(choice() & 0x3F) + 1 }

    var rest: [UInt8] { Array(bytes) }
    var buffer: ByteBuffer { ByteBuffer(bytes: bytes) }
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The remaining bytes, in pieces of this size.
    func pieces(of size: Int) -> [ByteBuffer] {
        stride(from: bytes.startIndex, to: bytes.endIndex, by: size).map {
            ByteBuffer(bytes: bytes[$0..<min($0 + size, bytes.endIndex)])
        }
    }
}

/// Stops the program if text for a terminal contains control or invisible characters other than these scalars.
func check(isHarmless text: [UInt8], except allowed: Set<Unicode.Scalar>) {
    text.withUnsafeBytes { bytes in
        var start = 0
        while let hidden = DisplayEscaping.firstHidden(in: bytes, from: start) {
            guard let scalar = hidden.scalar.flatMap(Unicode.Scalar.init), allowed.contains(scalar) else {
                fatalError("not escaped at index \(hidden.index): \(String(decoding: text, as: UTF8.self))")
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
