import FoundationEssentials
import StomptapOutput
import StomptapRuntime
import SystemC

/// The destinations that were named on this terminal before, for completion: `$XDG_STATE_HOME/stomptap/destinations`, a
/// line each, the newest first, for its owner's eyes only.
enum UsedDestinations {
    /// How many are kept.
    private static let most = 200
    /// The largest file that is read, in octets.
    private static let largestFile = 1 << 20

    /// Those that are known, as the file has them.
    static var all: [String] {
        guard let path = UserFolders.state.map({ "\($0)/destinations" }),
            let content = try? InputFile.read(path, limit: largestFile)
        else { return [] }
        return String(decoding: content, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Keeps destinations, where a person types: a script's are nobody's to complete. What cannot be kept is left, and so
    /// is what nobody could be offered.
    static func keep(_ destinations: [String]) {
        guard Terminal.isTerminal(STDERR_FILENO), let folder = UserFolders.state else { return }
        let named = destinations.filter(ShellCompletion.canOffer)
        let known = all
        let kept = (named + known.filter { ShellCompletion.canOffer($0) && !named.contains($0) }).prefix(most)
        guard Array(kept) != known else { return }
        try? FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        // Whole or not at all, also where two programs end at once.
        let path = "\(folder)/destinations"
        let temporary = "\(path).\(getpid())"
        let isWritten: ()? = try? OutputFile.write(temporary, mode: 0o600) { out in
            for destination in kept { out.append("\(destination)\n") }
        }
        if isWritten == nil || rename(temporary, path) != 0 { OutputFile.remove(temporary) }
    }
}
