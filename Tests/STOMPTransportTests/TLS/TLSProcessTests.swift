import COpenSSL
import Foundation
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import STOMPTransport

/// Tests that need their own process, because of its environment or memory.
@Suite(.spawning) struct TLSProcessTests {
    // MARK: - Environment

    @Test func sslCertFileIsHonoured() async {
        await #expect(processExitsWith: .success) {
            setenv("SSL_CERT_FILE", Certificates.shared.path("ca.pem"), 1)
            try await withTLSServer { port in
                let stream = try await connectTLS(to: port, TLSOptions())
                guard case .verified(_, let source) = stream.description.tlsSummary?.trust else { throw Wrong() }
                let variable = TLSTrustSource.Variable(
                    name: "SSL_CERT_FILE", path: Certificates.shared.path("ca.pem"), isReadable: true)
                guard case .environment(let variables) = source else { throw Wrong() }
                try require(variables.contains(variable))
            }
        }
    }

    @Test func sslCertDirIsHonoured() async {
        await #expect(processExitsWith: .success) {
            let files = Certificates.shared
            let folder = files.folder.appending(path: "trusted")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                at: files.folder.appending(path: "ca.pem"), to: folder.appending(path: "ca.pem"))
            try OpenSSLTool.run(["rehash", folder.path], in: files.folder)
            setenv("SSL_CERT_FILE", "/nonexistent", 1)
            setenv("SSL_CERT_DIR", folder.path, 1)
            try await withTLSServer { port in
                let stream = try await connectTLS(to: port, TLSOptions())
                guard case .verified(_, let source) = stream.description.tlsSummary?.trust else { throw Wrong() }
                try require(
                    source
                        == .environment([
                            TLSTrustSource.Variable(name: "SSL_CERT_FILE", path: "/nonexistent", isReadable: false),
                            TLSTrustSource.Variable(name: "SSL_CERT_DIR", path: folder.path, isReadable: true),
                        ]))
            }
        }
    }

    @Test func opensslConfIsHonoured() async {
        await #expect(processExitsWith: .success) {
            let files = Certificates.shared
            let path = try files.write(
                "openssl.cnf",
                """
                openssl_conf = all
                [all]
                ssl_conf = ssl
                [ssl]
                system_default = strict
                [strict]
                MinProtocol = TLSv1.3
                """)
            setenv("OPENSSL_CONF", path, 1)
            try await withOpenSSLServer("-tls1_2") { port, _ in
                let error = try await refusal(by: port)
                guard case .tls(.unsupportedVersion(by: .server, _, wanted: .v13)) = error else { throw Wrong() }
                var old = TLSOptions(ca: "ca")
                old.minimumVersion = .v11
                // An explicit setting overrides a default.
                try await connectTLS(to: port, old).abort()
            }
        }
    }

    @Test func theKeyLogIsWrittenForItsOwnerOnly() async {
        await #expect(processExitsWith: .success) {
            let path = try Certificates.shared.write("keys.log", "# there before\n")
            chmod(path, 0o644)
            setenv("SSLKEYLOGFILE", path, 1)
            let trace = Trace(.frames)
            var options = TransportOptions()
            options.trace = trace.wire
            try await withTLSServer { port in
                try await connectTLS(to: port, options: options).abort()
            }
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let lines = text.split(separator: "\n")
            try require(lines.first == "# there before")
            let labels = Set(lines.dropFirst().compactMap { $0.split(separator: " ").first })
            try require(
                labels.isSuperset(of: ["CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"]), "\(labels)")
            var status = stat()
            try require(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
            try require(trace.lines == ["tls local keys logged to \(path)"], "\(trace.lines)")
        }
    }

    /// Other threads may be in a handshake when a process exits.
    @Test func aProcessMayEndDuringHandshakes() async {
        await #expect(processExitsWith: .success) { try await exitDuringHandshakes() }
    }

    @Test func aKeyLogThatCannotBeWrittenIsSaid() async {
        await #expect(processExitsWith: .success) {
            setenv("SSLKEYLOGFILE", "/nonexistent/keys.log", 1)
            let trace = Trace(.frames)
            var options = TransportOptions()
            options.trace = trace.wire
            try await withTLSServer { port in
                try await connectTLS(to: port, options: options).abort()
            }
            try require(trace.lines == ["tls local cannot log keys to /nonexistent/keys.log"], "\(trace.lines)")
        }
    }

    // MARK: - Memory

    @Test func aThousandHandshakesLeakNothing() async {
        await #expect(processExitsWith: .success) {
            try require(Allocations.count())
            // A context lives as long as its connector. OpenSSL keeps what it allocates once, so the first
            // handshakes do not count.
            let make = HandshakeMaker()
            for _ in 0..<50 { try make.all() }
            let before = Allocations.living
            for _ in 0..<250 { try make.all() }
            try require(before > 0, "nothing was counted")
            try require(Allocations.living == before, "\(Allocations.living - before) blocks have leaked")
            try require(make.engines.allSatisfy { $0.engine == nil })
        }
    }

    @Test func aSlowReaderOfALotNeedsLittleMemory() async {
        await #expect(processExitsWith: .success) {
            let total = 128 << 20
            for above in Above.allCases {
                let reader = SlowReader()
                try await withTLSServer(above, accept: { Flood(stream: $0, rest: total) }) { port in
                    var options = TransportOptions()
                    options.tls = TLSOptions(ca: "ca")
                    let before = Memory.peak
                    _ = try await TransportConnector(options: options).connect(
                        to: TransportTarget(kind: above.kind, host: "localhost", port: port, isSecure: true),
                        on: group.next(), deadline: .farEnough, receiver: reader.factory)
                    try await reader.inbox.wait(within: .seconds(200)) { $0.bytes == total }
                    try require(Memory.peak - before < Memory.limit, "\((Memory.peak - before) >> 20) MiB")
                }
            }
        }
    }
}

private struct Wrong: Error {}

/// Like `#require`, which does not work across processes.
private func require(_ isTrue: Bool, _ message: @autoclosure () -> String = "", line: Int = #line) throws {
    if isTrue { return }
    FileHandle.standardError.write(Data("line \(line): \(message())\n".utf8))
    throw Wrong()
}

/// Counts the memory blocks that OpenSSL allocated and has not freed.
private enum Allocations {
    nonisolated(unsafe) static var living = 0

    /// Starts counting; false if OpenSSL has already allocated memory. Everything must happen in one thread.
    static func count() -> Bool {
        CRYPTO_set_mem_functions(
            { size, _, _ in
                Allocations.living += 1
                return malloc(size)
            },
            { block, size, _, _ in
                if block == nil { Allocations.living += 1 }
                return realloc(block, size)
            },
            { block, _, _ in
                if block != nil { Allocations.living -= 1 }
                free(block)
            }) == 1
    }
}

/// Makes handshakes with each possible outcome between two handlers.
private final class HandshakeMaker {
    struct Weak { weak var engine: TLSEngine? }

    private(set) var engines: [Weak] = []

    func all() throws {
        let client = try TLSContext(client: TLSOptions(ca: "ca"))
        let server = try TLSContext(server: TLSServerOptions("chain"))
        let asking = try TLSContext(server: TLSServerOptions("server", clientCA: "ca"))
        try make(client, server, host: "localhost") { wire in
            wire.client.send("hello")
            try wire.exchange()
            guard wire.server.log.bytes == 5 else { throw Wrong() }
        }
        // Refused because of the name; without a required client certificate; cut off in the middle.
        try make(client, server, host: "other.example") { guard $0.client.failure != nil else { throw Wrong() } }
        try make(client, asking, host: "localhost") { guard $0.client.log.error != nil else { throw Wrong() } }
        try make(client, server, host: "localhost", starts: false) { wire in
            wire.client.start()
            wire.server.start()
            try TLSWire.carry(wire.client.output(), to: wire.server)
        }
    }

    private func make(
        _ client: TLSContext, _ server: TLSContext, host: String, starts: Bool = true, _ body: (TLSWire) throws -> Void
    ) throws {
        let wire = try TLSWire(
            client: TLSEngine(client: client, host: host, protocols: ["http/1.1"]), server: TLSEngine(server: server))
        engines += [Weak(engine: wire.client.engine), Weak(engine: wire.server.engine)]
        if starts { try wire.start() }
        try body(wire)
        wire.finish()
    }
}

private enum Memory {
    /// The peak memory use of this process in bytes.
    static var peak: Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (line.split(separator: " ").compactMap { Int($0) }.first ?? 0) << 10
    }

    /// AddressSanitizer delays freeing memory.
    static let limit = dlsym(nil, "__asan_init") == nil ? 64 << 20 : 512 << 20
}

/// Sends this many bytes, whenever the stream is writable.
private final class Flood: TransportReceiver {
    private let stream: any TransportStream
    private var rest: Int
    private let chunk = ByteBuffer(repeating: 1, count: 64 << 10)

    init(stream: any TransportStream, rest: Int) {
        self.stream = stream
        self.rest = rest
        stream.eventLoop.assumeIsolated().execute { self.send() }
    }

    private func send() {
        while rest > 0, stream.isWritable {
            stream.write(chunk, promise: nil)
            rest -= chunk.readableBytes
        }
        stream.flush()
    }

    func received(_ bytes: ByteBuffer) {}
    func receivedAll() {}
    func happened(_ event: TransportEvent) {}
    func writabilityChanged(_ isWritable: Bool) { if isWritable { send() } }
    func ended(_ error: TransportError?) {}
}

/// Stops reading after each batch, long enough that a sender without back-pressure gets far ahead.
private struct SlowReader {
    let inbox = Inbox(keepsBytes: false)

    var factory: TransportReceiverFactory {
        { [inbox] stream in Receiver(stream: stream, inbox: inbox) }
    }

    private struct Receiver: TransportReceiver {
        let stream: any TransportStream
        let inbox: Inbox

        func received(_ bytes: ByteBuffer) { inbox.change { $0.bytes += bytes.readableBytes } }

        func receivedAll() {
            stream.setReading(false)
            stream.eventLoop.scheduleTask(in: .milliseconds(1)) { [stream] in stream.setReading(true) }
        }

        func happened(_ event: TransportEvent) {}
        func writabilityChanged(_ isWritable: Bool) {}
        func ended(_ error: TransportError?) { inbox.change { $0.endings.append(error) } }
    }
}

private let handshakes = Mutex(0)

private func exitDuringHandshakes() async throws {
    try await withTLSServer { port in
        for _ in 0..<8 {
            Task {
                while true {
                    try await connectTLS(to: port).abort()
                    handshakes.withLock { $0 += 1 }
                }
            }
        }
        while handshakes.withLock({ $0 }) < 50 { await Task.yield() }
        exit(EXIT_SUCCESS)
    }
}
