import FoundationEssentials
import STOMPClient
import StomptapOutput
import StomptapRuntime
import SystemC

/// A server and the options that go with it, under a name: `$XDG_CONFIG_HOME/stomptap/NAME.json`.
///
/// ```json
/// { "url": "wss://staging.example.org/ws", "login": "app", "passcode-env": "STAGING_PASSCODE",
///   "connect-header": ["x-tenant: 7"], "timestamps": "utc" }
/// ```
struct ProfileFile: Sendable {
    /// The maximum file size, in bytes.
    private static let largestFile = 1 << 20
    let name: String
    let path: String
    /// The endpoint, or several separated by commas.
    let url: String
    /// The values of the options, by option name.
    let options: [String: Value]
    /// An option in the file with a secret that other users can read; nil if there is none.
    let readableSecret: String?

    // MARK: Location

    /// The folder, which may not exist.
    static var folder: String { UserFolders.configuration ?? "~/.config/stomptap" }

    /// The names of all profiles, sorted.
    static var names: [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }.map { String($0.dropLast(5)) }.sorted()
    }

    /// Whether an ENDPOINT is the name of a profile.
    static func isName(_ endpoint: String) -> Bool {
        endpoint != "demo" && !endpoint.contains { ":/,".contains($0) }
    }

    // MARK: Reading

    /// Reads the profile of that name.
    ///
    /// - Parameter isStray: whether the name may be a piece of a secret that was typed without quotes.
    /// - Throws: ``Failure`` with 78 that says what to change, and in which file.
    init(named name: String, isStray: Bool = false) throws {
        self.name = name
        path = "\(Self.folder)/\(name).json"
        var status = stat()
        guard !name.isEmpty, !name.hasPrefix("."),
            // fstat on the open descriptor: the path may name another file a moment later.
            let content = try? InputFile.read(path, limit: Self.largestFile, inspecting: { fstat($0, &status) })
        else { throw Self.missing(name, path, isStray: isStray) }
        let values: [String: Value]
        do {
            values = try JSONDecoder().decode([String: Value].self, from: Data(content))
        } catch {
            throw Failure(
                .badConfiguration, "profile \(name): \(path): \(Self.reason(error))")
        }
        guard case .text(let url)? = values["url"], !url.isEmpty else {
            throw Failure(.badConfiguration, "profile \(name): \(path) has no \"url\"; add the URL of the server")
        }
        self.url = url
        guard !Self.isName(url) else {
            throw Failure(
                .badConfiguration,
                "profile \(name): \"url\" is not a URL; write stomp://HOST or ws://HOST/PATH")
        }
        var secret = Self.secretOption(of: values)
        if url != "demo" {
            do {
                if try EndpointArgument.endpoints(url).contains(where: { $0.passcode != nil }) { secret = "passcode" }
            } catch let error as STOMPClientError {
                throw Failure(.badConfiguration, "profile \(name): \"url\": \(Explanation(error).text)")
            }
        }
        if secret == nil, SecretMask.hiding.masked(url) != url { secret = "url" }
        options = values.filter { $0.key != "url" }
        readableSecret = status.st_mode & 0o044 != 0 ? secret : nil
        if let option = Self.commandOptions.first(where: { values[$0] != nil }),
            let fault = Self.distrust(owner: status.st_uid, mode: status.st_mode, user: geteuid())
        {
            throw Failure(
                .badConfiguration,
                "profile \(name): \(path) has \"\(option)\", which runs a command, but \(fault); the command was not run"
            )
        }
    }

    /// The first option that contains a secret; the passcode is checked first.
    private static func secretOption(of values: [String: Value]) -> String? {
        let mask = SecretMask.hiding
        return ["passcode", "cookie", "connect-header", "http-header", "header", "proxy"].first { option in
            guard let texts = values[option]?.texts.filter({ !$0.isEmpty }) else { return false }
            switch option {
            case "passcode", "cookie": return !texts.isEmpty
            case "proxy": return texts.contains { mask.masked($0) != $0 }
            default: return texts.contains { text in mask.masked(summary: text) != text || mask.masked(text) != text }
            }
        }
    }

    /// The options that run a command.
    private static let commandOptions = [HeaderCommandOption.connect, HeaderCommandOption.http].map {
        String($0.dropFirst(2))
    }

    /// Why commands in a file are not run as `user`: another user may have written them. Nil if no other user
    /// could.
    static func distrust(owner: uid_t, mode: mode_t, user: uid_t) -> String? {
        if owner != user, owner != 0 { return "another user owns the file" }
        return mode & 0o022 != 0 ? "others can write the file; chmod go-w it" : nil
    }

    private static func missing(_ name: String, _ path: String, isStray: Bool) -> Failure {
        let nearest = EditDistance.nearest(to: name, among: names + ["demo"])
        let hint =
            nearest.map { "; did you mean \($0)?" } ?? "; write a URL such as stomp://HOST or ws://HOST/PATH, or demo"
        guard nearest != nil || !isStray else {
            return Failure(
                .badConfiguration,
                "endpoint: the argument is neither a URL nor a profile; a value before it may need quotes")
        }
        let shown = SecretMask.hiding.masked(typed: name)
        return Failure(
            .badConfiguration,
            "endpoint: unknown profile \(shown.debugDescription)" + (shown == name ? " (\(path))" : "") + hint)
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.typeMismatch(_, let context) where context.codingPath.isEmpty:
            "expected a JSON object of options"
        case DecodingError.typeMismatch(_, let context), DecodingError.dataCorrupted(let context):
            context.codingPath.first.map {
                "\(SecretMask.hiding.masked(typed: $0.stringValue).debugDescription): \(context.debugDescription)"
            }
                ?? "invalid JSON"
        default: "\(error)"
        }
    }

    enum Value: Decodable, Sendable {
        case flag(Bool), number(String), text(String), list([String])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let number = try? container.decode(Int.self) {
                self = .number(String(number))
            } else if let number = try? container.decode(Double.self) {
                self = .number(String(number))
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else if let list = try? container.decode([String].self) {
                self = .list(list)
            } else {
                throw DecodingError.dataCorruptedError(
                    in: container, debugDescription: "expected a string, a number, true, false or a list of strings")
            }
        }

        var texts: [String] {
            switch self {
            case .flag(let flag): ["\(flag)"]
            case .number(let text), .text(let text): [text]
            case .list(let texts): texts
            }
        }
    }
}
