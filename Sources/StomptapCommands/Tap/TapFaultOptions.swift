import ArgumentParser
import STOMPTap
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// The options for the faults that a tap injects.
struct TapFaultOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Delay all traffic by this time, in each direction.", valueName: "duration"),
        transform: DurationArgument.init)
    var delay: DurationArgument?

    @Option(
        help: ArgumentHelp(
            "Add a random delay of up to this; the order is kept.", valueName: "duration"),
        transform: DurationArgument.init)
    var jitter: DurationArgument?

    @Option(
        help: ArgumentHelp("Limit the bytes per second, in each direction of each connection.", valueName: "size/s"),
        transform: ByteRateArgument.init)
    var rate: ByteRateArgument?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Discard heart-beats, or messages (MESSAGE and SEND): all of them, or those with a body that matches; repeatable.",
            valueName: "heart-beats|messages[:regex]"),
        transform: DropArgument.init)
    var drop: [DropArgument] = []

    @Option(
        help: ArgumentHelp(
            "Close each connection after N frames (both directions together), or after this time.",
            valueName: "n|duration"),
        transform: CloseAfterArgument.init)
    var closeAfter: CloseAfterArgument?

    @Option(
        help: ArgumentHelp(
            "WebSocket close code for --close-after; sent to both sides (default: none; the connection is dropped).",
            valueName: "code"))
    var closeCode: Int?

    @Option(
        help: ArgumentHelp("Refuse this share of the connections, at random.", valueName: "percent"),
        transform: PercentArgument.init)
    var refuse: PercentArgument?

    @Option(
        help: ArgumentHelp(
            "Stop forwarding on each connection after this time, without closing it.", valueName: "duration"),
        transform: DurationArgument.init)
    var freezeAfter: DurationArgument?

    func validate() throws {
        guard let closeCode else { return }
        guard closeAfter != nil else { throw ValidationError("--close-code needs --close-after") }
        guard WebSocketClose.mayBeSent(closeCode) else {
            throw ValidationError(
                "invalid close code \(closeCode); use 1000 to 1003, 1007 to 1014, or 3000 to 4999 (RFC 6455)"
            )
        }
    }

    /// - Parameter isTCP: whether an endpoint is plain TCP, where there are no WebSocket close codes.
    /// - Throws: ``Failure`` with 64.
    func faults(isTCP: Bool) throws -> TapFaults {
        guard !isTCP || closeCode == nil else {
            throw Failure(.usage, "tap: STOMP over TCP has no close codes; remove --close-code")
        }
        var faults = TapFaults()
        if let delay { faults.delay = delay.amount }
        if let jitter { faults.jitter = jitter.amount }
        faults.rate = rate?.bytesPerSecond
        faults.dropsHeartBeats = drop.contains { if case .heartBeats = $0 { true } else { false } }
        let patterns = drop.compactMap { if case .messages(let pattern) = $0 { pattern } else { nil } }
        if drop.contains(where: { if case .allMessages = $0 { true } else { false } }) {
            faults.dropsMessage = { _ in true }
        } else if !patterns.isEmpty {
            faults.dropsMessage = { frame in patterns.contains { $0.matches(frame) } }
            faults.runner = { work, callBack in BodyPattern.search(work, then: callBack) }
        }
        faults.closing = closeAfter?.closing
        faults.closeCode = closeCode
        if let refuse { faults.refusal = refuse.share }
        faults.freezing = freezeAfter?.amount
        return faults
    }
}

/// `--rate` of `tap`: bytes per second.
struct ByteRateArgument: Sendable {
    let bytesPerSecond: Int

    init(_ text: String) throws {
        guard text.hasSuffix("/s"), let size = try? SizeArgument(String(text.dropLast(2))) else {
            throw ValidationError("expected bytes per second, such as 512/s, 64KiB/s or 1MB/s")
        }
        bytesPerSecond = size.bytes
    }
}

/// `--drop`: what is dropped.
enum DropArgument: Sendable {
    case heartBeats
    case allMessages
    /// Messages whose body matches.
    case messages(BodyPattern)

    init(_ text: String) throws {
        switch text {
        case "heart-beats": self = .heartBeats
        case "messages": self = .allMessages
        case let text where text.hasPrefix("messages:"):
            self = .messages(try BodyPattern(String(text.dropFirst("messages:".count))))
        default:
            throw ValidationError("expected heart-beats, messages, or messages:REGEX")
        }
    }
}

/// `--close-after`: a number of frames, or a duration.
struct CloseAfterArgument: Sendable {
    let closing: TapFaults.Closing

    init(_ text: String) throws {
        if let count = Int(text), count >= 1, text.allSatisfy(\.isNumber) {
            closing = .frames(count)
        } else if let duration = try? DurationArgument(text) {
            closing = .time(duration.amount)
        } else {
            throw ValidationError(
                "expected a number of frames such as 10, or a duration such as 5s")
        }
    }
}

/// `--refuse`: a percentage.
struct PercentArgument: Sendable {
    /// A fraction from 0 to 1.
    let share: Double

    init(_ text: String) throws {
        let digits = text.dropLast()
        guard text.hasSuffix("%"), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }),
            let number = Double(digits), (0...100).contains(number)
        else {
            throw ValidationError("expected a percentage from 0% to 100%, such as 20%")
        }
        share = number / 100
    }
}
