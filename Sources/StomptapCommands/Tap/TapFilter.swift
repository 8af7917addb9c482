import ArgumentParser
import NIOCore
import STOMPCore
import STOMPTap
import StomptapRuntime

/// What of all that passes is printed.
struct TapFilter: Sendable {
    /// Where it is empty, all of them.
    var commands: Set<Command> = []
    /// Any of these; where it is empty, all of them, and frames that have none.
    var destinations: [DestinationGlob] = []
    var grep: BodyPattern?

    /// Whether something may be printed, as far as is quickly told: this runs while the app waits.
    func mayTake(_ content: TapEvent.Content) -> Bool {
        guard !commands.isEmpty || !destinations.isEmpty else { return true }
        // What is no STOMP has neither command nor destination. An unfinished frame may have them, and no end to be read.
        if case .unfinished(let frame, _, _, let bytes) = content { return mayTake(frame, bytes) }
        guard case .frame(let frame) = content else { return false }
        guard commands.isEmpty || commands.contains(frame.command) else { return false }
        guard !destinations.isEmpty else { return true }
        return frame.headers.withBytes(of: "destination") { name in
            destinations.contains { $0.matches(name) }
        } ?? false
    }

    private func mayTake(_ frame: UnfinishedFrame, _ bytes: ByteBuffer) -> Bool {
        guard commands.isEmpty || frame.command.map({ commands.contains($0) }) ?? true else { return false }
        guard !destinations.isEmpty, var name = UnfinishedFrame.destination(in: bytes) else { return true }
        return name.withUTF8 { name in destinations.contains { $0.matches(UnsafeRawBufferPointer(name)) } }
    }

    /// The rest of the question, for what ``mayTake(_:)`` lets through.
    func takes(_ content: TapEvent.Content) -> Bool {
        guard let grep else { return true }
        return switch content {
        case .frame(let frame): grep.matches(frame)
        case .unfinished(_, _, _, let bytes), .wire(_, _, let bytes?): grep.matches(bytes)
        default: false
        }
    }
}

/// A pattern of destinations, as in a shell's `case`: `*` is any text, `/` and `.` too, and `?` any character.
struct DestinationGlob: Sendable, Equatable {
    private let pattern: [UInt8]

    init(_ pattern: String) {
        self.pattern = Array(pattern.utf8)
    }

    func matches(_ name: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        var place = 0
        // Where to go on when it does not match: behind the last asterisk, which then takes one byte more.
        var retry: (place: Int, index: Int)?
        while index < name.count {
            if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
                place += 1
                retry = (place, index)
            } else if place < pattern.count, pattern[place] == UInt8(ascii: "?") {
                place += 1
                index += name.scalar(at: index)?.length ?? 1
            } else if place < pattern.count, pattern[place] == name[index] {
                place += 1
                index += 1
            } else if let last = retry {
                retry = (last.place, last.index + 1)
                (place, index) = (last.place, last.index + 1)
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

/// `--destination`: patterns with commas between.
struct DestinationsArgument: Sendable {
    let globs: [DestinationGlob]

    init(_ text: String) throws {
        let patterns = text.split(separator: ",", omittingEmptySubsequences: false)
        guard patterns.allSatisfy({ !$0.isEmpty }) else {
            throw ValidationError("a pattern is a destination with * and ?, such as '/topic/*'; commas part several")
        }
        globs = patterns.map { DestinationGlob(String($0)) }
    }
}

/// `--command`: names with commas between.
struct CommandsArgument: Sendable {
    let commands: [Command]

    init(_ text: String) throws {
        commands = try text.split(separator: ",", omittingEmptySubsequences: false).map { name in
            let name = name.uppercased()
            guard let command = Command(rawValue: name) else {
                let names = Command.allCases.map(\.rawValue)
                let hint = EditDistance.nearest(to: name, among: names).map { "did you mean \($0)?" }
                throw ValidationError(
                    "STOMP has no command \(name.debugDescription); \(hint ?? "it has \(names.joined(separator: ", "))")"
                )
            }
            return command
        }
    }
}
