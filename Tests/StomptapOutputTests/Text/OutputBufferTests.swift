import Foundation
import OutputFixtures
import STOMPCore
import Testing

@testable import StomptapOutput

@Suite struct OutputBufferTests {
    /// A pipe whose reader closes it, or reads everything.
    private struct Pipe {
        let reader: Int32
        let writer: Int32

        init() throws {
            signal(SIGPIPE, SIG_IGN)
            var ends: [Int32] = [0, 0]
            try #require(pipe(&ends) == 0)
            (reader, writer) = (ends[0], ends[1])
        }

        var output: DescriptorWriter { DescriptorWriter(descriptor: writer, name: "pipe") }

        /// Reads to the end in its own thread, because all threads of tasks may be waiting for a reader.
        func readAll() -> Task<Data, Never> {
            let handle = FileHandle(fileDescriptor: reader, closeOnDealloc: true)
            let (all, reading) = AsyncStream.makeStream(of: Data.self)
            Thread.detachNewThread {
                reading.yield(handle.readDataToEndOfFile())
                reading.finish()
            }
            return Task { await all.first { _ in true } ?? Data() }
        }
    }

    @Test func everythingArrivesThoughThePipeIsSmallAndNonBlocking() async throws {
        let pipe = try Pipe()
        try #require(fcntl(pipe.writer, F_SETFL, O_NONBLOCK) == 0)
        let sent = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let received = pipe.readAll()
        var out = OutputBuffer(to: pipe.output)
        out.append(Array(sent[..<10]))
        sent[10..<600_000].withUnsafeBytes { out.append($0) }
        for start in stride(from: 600_000, to: sent.count, by: 1000) {
            out.append(Array(sent[start..<min(start + 1000, sent.count)]))
        }
        try out.flush()
        close(pipe.writer)
        #expect(await received.value == Data(sent))
    }

    @Test func whatIsNotFlushedStaysUntilMuchHasComeTogether() throws {
        var out = OutputBuffer(to: DescriptorWriter(descriptor: -1, name: "nowhere"))
        for _ in 0..<(OutputBuffer.drainSize / 1024) { out.append([UInt8](repeating: 1, count: 1024)) }
        #expect(out.bytes.count == OutputBuffer.drainSize)
        out.append(1)
        #expect(out.bytes.count == 1)
        #expect(throws: OutputError.failed(name: "nowhere", errno: EBADF)) { try out.flush() }
        #expect(out.bytes.isEmpty)
    }

    /// A message may be much larger when printed, but the memory used for it is bounded.
    @Test func memoryStaysBounded() throws {
        let null = open("/dev/null", O_WRONLY)
        defer { close(null) }
        var out = OutputBuffer(to: DescriptorWriter(descriptor: null, name: "null"))
        let nested =
            String(repeating: "[", count: 500) + "1" + String(repeating: ",1", count: 5_000)
            + String(repeating: "]", count: 500)
        let frames = try [
            makeMessage([], nested),
            makeMessage(["content-length:300000"], body: [UInt8](repeating: 0, count: 300_000)),
        ]
        for form in [.pretty, .json, .body(), .format(try FormatTemplate("%x%J"))] as [OutputForm] {
            var renderer = MessageRenderer(form: form, style: OutputStyle())
            for frame in frames {
                renderer.append(frame, at: sampleTime, to: &out)
                #expect(out.bytes.count <= OutputBuffer.drainSize)
            }
        }
        try out.flush()
    }

    @Test func aReaderThatHasGoneIsNoFailure() throws {
        let pipe = try Pipe()
        close(pipe.reader)
        defer { close(pipe.writer) }
        var out = OutputBuffer(to: pipe.output)
        out.append("x")
        let error = #expect(throws: OutputError.self) { try out.flush() }
        #expect(error == .readerGone)
        #expect(throws: OutputError.readerGone) { try out.flush() }
    }

    @Test func aFullDiskIsStatus74() throws {
        let full = open("/dev/full", O_WRONLY)
        try #require(full >= 0)
        defer { close(full) }
        var out = OutputBuffer(to: DescriptorWriter(descriptor: full, name: "record.json"))
        out.append("x")
        let error = #expect(throws: OutputError.self) { try out.flush() }
        #expect(error?.description == "record.json: cannot write: no space left on device")
    }
}
