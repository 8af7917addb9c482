import ArgumentParser
import NIOCore
import STOMPCore
import STOMPTap
import StomptapRuntime

/// Decides which frames and messages are printed.
struct TapFilter: Sendable {
    /// The commands to print; if empty, all commands.
    var commands: Set<Command> = []
    /// A frame must match one of these; if empty, all frames match, even those without a destination.
    var destinations: [DestinationGlob] = []
    var grep: BodyPattern?

    /// Whether the content may have to be printed. A quick check, because the app waits for it.
    func mayMatch(_ content: TapEvent.Content) -> Bool {
        guard !commands.isEmpty || !destinations.isEmpty else { return true }
        // Data that is not STOMP has neither command nor destination. An unfinished frame may have them, although
        // its end is missing.
        if case .unfinished(let frame, _, _, let bytes) = content { return mayMatch(frame, bytes) }
        guard case .frame(let frame) = content else { return false }
        guard commands.isEmpty || commands.contains(frame.command) else { return false }
        guard !destinations.isEmpty else { return true }
        return frame.headers.withBytes(of: "destination") { name in
            destinations.contains { $0.matches(name) }
        } ?? false
    }

    private func mayMatch(_ frame: UnfinishedFrame, _ bytes: ByteBuffer) -> Bool {
        guard commands.isEmpty || frame.command.map({ commands.contains($0) }) ?? true else { return false }
        guard !destinations.isEmpty, var name = UnfinishedFrame.destination(in: bytes) else { return true }
        return name.withUTF8 { name in destinations.contains { $0.matches(UnsafeRawBufferPointer(name)) } }
    }

    /// The full check, for content that passed ``mayMatch(_:)``.
    func matches(_ content: TapEvent.Content) -> Bool {
        guard let grep else { return true }
        return switch content {
        case .frame(let frame): grep.matches(frame)
        case .unfinished(_, _, _, let bytes), .wire(_, _, let bytes?): grep.matches(bytes)
        default: false
        }
    }
}

/// A pattern for destinations, as in a shell's `case`: `*` matches any text, including `/` and `.`, and `?` matches
/// any character.
struct DestinationGlob: Sendable, Equatable {
    private let pattern: [UInt8]

    init(_ pattern: String) {
        self.pattern = Array(pattern.utf8)
    }

    func matches(_ name: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        var place = 0
        // Where to resume after a mismatch: after the last asterisk, which then matches one more byte.
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

/// `--destination`: patterns, separated by commas.
struct DestinationsArgument: Sendable {
    let globs: [DestinationGlob]

    init(_ text: String) throws {
        let patterns = text.split(separator: ",", omittingEmptySubsequences: false)
        guard patterns.allSatisfy({ !$0.isEmpty }) else {
            throw ValidationError("expected destinations with * and ?, such as '/topic/*', separated by commas")
        }
        globs = patterns.map { DestinationGlob(String($0)) }
    }
}

/// `--command`: names, separated by commas.
struct CommandsArgument: Sendable {
    let commands: [Command]

    init(_ text: String) throws {
        commands = try text.split(separator: ",", omittingEmptySubsequences: false).map { name in
            let name = name.uppercased()
            guard let command = Command(rawValue: name) else {
                let names = Command.allCases.map(\.rawValue)
                let hint = EditDistance.nearest(to: name, among: names).map { "did you mean \($0)?" }
                throw ValidationError(
                    "unknown STOMP command \(name.debugDescription); \(hint ?? "use \(names.joined(separator: ", "))")"
                )
            }
            return command
        }
    }
}
