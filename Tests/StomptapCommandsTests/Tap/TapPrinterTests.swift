import NIOCore
import OutputFixtures
import STOMPCore
import STOMPTap
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import SystemC
import Testing

@testable import StomptapCommands

struct TapPrinterTests {
    /// The lines that a printer reported apart from the frames, and the failures it ended the program with.
    private final class Told: Sendable {
        let lines = Shared("")
        let failures = Shared<[Failure]>([])
    }

    private func makePrinter(
        _ form: OutputForm = .body(), to descriptor: Int32, filter: TapFilter = TapFilter(), _ told: Told
    ) -> TapPrinter {
        TapPrinter(
            form, style: OutputStyle(timestamps: .none),
            notices: TapNotices(nil, style: OutputStyle(timestamps: .none)), filter: filter,
            to: DescriptorWriter(descriptor: descriptor, name: "it"), on: BlockingThread(),
            report: { bytes in told.lines.update { $0 += String(decoding: bytes, as: UTF8.self) } },
            end: { failure in told.failures.update { $0.append(failure) } })
    }

    private func withPipe(_ body: (_ read: Int32, _ write: Int32) async throws -> Void) async throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        try await body(ends[0], ends[1])
    }

    /// Reads until the text ends with `end`; the test's time limit is the deadline.
    private func read(_ descriptor: Int32, until end: String) throws -> String {
        var text = ""
        while !text.hasSuffix(end) {
            guard let chunk = try InputFile.read(descriptor, name: "pipe") else { break }
            text += String(decoding: chunk, as: UTF8.self)
        }
        return text
    }

    @Test(.timeLimit(.minutes(1))) func framesGoToOnePlaceAndTheRestToAnother() async throws {
        try await withPipe { reader, writer in
            let told = Told()
            let printer = makePrinter(to: writer, filter: try TapFilter(grep: BodyPattern("^[ab]")), told)
            printer.offer(
                [
                    .sample(.local, .opened(.tcp)), try .sent("SEND", [], "a"), try .sent("SEND", [], "x"),
                    .sample(.heartBeat),
                ], at: sampleTime)
            printer.offer([try .came("MESSAGE", [], "b"), .sample(.local, .ended(.over))], at: sampleTime)
            #expect(await printer.finish() == 0)
            #expect(try read(reader, until: "b\n") == "a\nb\n")
            #expect(told.lines.value == "3 127.0.0.1:51234 * open: TCP\n3 127.0.0.1:51234 * end: closed\n")
            #expect(told.failures.value.isEmpty)
        }
    }

    /// A reader that stops does not block the tap, and the number of lines not shown is reported.
    @Test(.timeLimit(.minutes(1))) func whatIsTooMuchIsCounted() async throws {
        try await withPipe { reader, writer in
            let told = Told()
            let printer = makePrinter(to: writer, told)
            let body = String(repeating: "x", count: 64 << 10)
            let event = try TapEvent.sent("SEND", [], body)
            // A pipe holds 64 KiB, and at most two buffers of 4 MiB wait.
            let offered = 400
            for _ in 0..<offered { printer.offer([event], at: sampleTime) }
            printer.offer([.sample(.local, .ended(.over))], at: sampleTime)
            async let output = BlockingThread().run { try read(reader, until: "last\n") }
            // The writer can continue, and there is room for later events.
            while !told.lines.value.contains("not printed") { try await Task.sleep(nanoseconds: 1_000_000) }
            printer.offer([try .sent("SEND", [], "last")], at: sampleTime)
            let shown = try await output.split(separator: "\n").count - 1
            #expect(await printer.finish() == 0)
            let missed = offered - shown
            #expect(missed > 200 && shown > 60)
            let lines = told.lines.value
            // This is reported each time there is room again.
            let counts = lines.matches(
                of: #/warning: output was too slow: (\d+) frames and lines were not printed\n/#)
            #expect(counts.compactMap { Int($0.output.1) }.reduce(0, +) == missed, "\(lines)")
            #expect(lines.contains("* end: closed\n"), "lines have room that frames have not")
        }
    }

    @Test(.timeLimit(.minutes(1))) func aFrameLargerThanAllRoomIsShown() async throws {
        try await withPipe { reader, writer in
            let told = Told()
            let printer = makePrinter(to: writer, told)
            async let output = BlockingThread().run { try read(reader, until: "y\n") }
            printer.offer([try .sent("SEND", [], String(repeating: "x", count: 5 << 20) + "y")], at: sampleTime)
            #expect(try await output.utf8.count == 5 << 20 + 2)
            #expect(await printer.finish() == 0)
            #expect(told.lines.value == "")
        }
    }

    @Test(.timeLimit(.minutes(1))) func aReaderThatGoesEndsTheProgramWell() async throws {
        Interrupts.ignoreClosedPipes()
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        close(ends[0])
        defer { close(ends[1]) }
        let told = Told()
        let printer = makePrinter(to: ends[1], told)
        for _ in 0..<3 { printer.offer([try .sent("SEND", [], "x")], at: sampleTime) }
        #expect(await printer.finish() == 0)
        #expect(told.failures.value.map(\.status) == [.success])
        #expect(told.failures.value.first?.line == nil)
    }

    @Test(.timeLimit(.minutes(1))) func theEndDoesNotWaitForEver() async throws {
        try await withPipe { reader, writer in
            let told = Told()
            let printer = makePrinter(to: writer, told)
            let body = String(repeating: "x", count: 128 << 10)
            printer.offer([try .sent("SEND", [], body), try .sent("SEND", [], body + "y")], at: sampleTime)
            #expect(await printer.finish() == 2)
            // The thread must be done with the pipe before it is closed.
            _ = try await BlockingThread().run { try read(reader, until: "y\n") }
            #expect(await printer.finish() == 0)
        }
    }

    @Test(.timeLimit(.minutes(1))) func withoutAFormOnlyTheRestIsPrinted() async throws {
        let told = Told()
        let printer = makePrinter(.none, to: -1, told)
        printer.offer([try .sent("SEND", [], "x"), .sample(.local, .note(.unsolicitedAnswer))], at: sampleTime)
        #expect(await printer.finish() == 0)
        #expect(told.lines.value == "3 127.0.0.1:51234 * the server sent a response without a request\n")
        #expect(told.failures.value.isEmpty)
    }
}
