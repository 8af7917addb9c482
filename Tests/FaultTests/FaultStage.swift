import TestSupport

/// What a hostile peer does at a stage.
enum Fault: String, CaseIterable, Sendable {
    /// Closes the connection.
    case closed
    /// Resets the connection.
    case reset
    /// Sends nothing.
    case silent
    /// Sends valid bytes, one at a time, without end.
    case dripping
    /// Sends as fast as it can, without end.
    case flooding
    /// Sends invalid data.
    case lying
}

/// The stage up to which a peer behaves correctly, and the data for its faults.
struct FaultStage: Sendable {
    typealias Step = ScriptedServer.Step

    /// The layer, and what the program waits for there.
    var name: String
    /// The program's arguments, for the peer's port.
    var arguments: @Sendable (Int) -> [String]
    /// What the peer does before its fault, for the number of the connection.
    var opening: @Sendable (Int) -> [Step]
    /// The start of an answer that continues one byte at a time.
    var drip: [UInt8]
    /// The start of an answer, and the piece that is then repeated.
    var flood: (start: [UInt8], piece: [UInt8])
    var lie: [UInt8]
    /// The exit status that the manual lists for each fault.
    var statuses: [Fault: Int32]

    init(
        _ name: String, _ statuses: [Fault: Int32], drip: String, flood: (start: String, piece: String), lie: String,
        opening: @escaping @Sendable (Int) -> [Step], arguments: @escaping @Sendable (Int) -> [String]
    ) {
        self.init(
            name, statuses, drip: Array(drip.utf8), flood: (Array(flood.start.utf8), Array(flood.piece.utf8)),
            lie: Array(lie.utf8), opening: opening, arguments: arguments)
    }

    init(
        _ name: String, _ statuses: [Fault: Int32], drip: [UInt8], flood: (start: [UInt8], piece: [UInt8]),
        lie: [UInt8], opening: @escaping @Sendable (Int) -> [Step], arguments: @escaping @Sendable (Int) -> [String]
    ) {
        self.name = name
        self.arguments = arguments
        self.opening = opening
        self.drip = drip
        let count = max(1, (64 << 10) / flood.piece.count)
        self.flood = (flood.start, Array(repeatElement(flood.piece, count: count).joined()))
        self.lie = lie
        self.statuses = statuses
    }

    /// All steps of the peer on a connection.
    func script(_ fault: Fault, connection: Int) -> [Step] {
        opening(connection) + steps(fault)
    }

    private func steps(_ fault: Fault) -> [Step] {
        switch fault {
        case .closed: []
        case .reset: [.reset]
        case .silent: [.stall]
        case .dripping:
            [.send(drip)] + Array(repeatElement([.send([0x61]), .pause(.milliseconds(50))], count: 400).joined())
        // More than the largest message may be.
        case .flooding: [.send(flood.start)] + Array(repeating: .send(flood.piece), count: 640) + [.stall]
        case .lying: [.send(lie), .stall]
        }
    }
}

/// The exit status for most faults.
extension [Fault: Int32] {
    /// From the manual: connection lost 69, timeout 75, broken protocol or limit exceeded 76.
    static let usual: Self = [.closed: 69, .reset: 69, .silent: 75, .dripping: 75, .flooding: 76, .lying: 76]

    func with(_ others: Self) -> Self { merging(others) { $1 } }
}
