import ArgumentParser
import StomptapOutput
import StomptapRuntime

/// `profiles`: lists the profiles, which can be given instead of a URL.
struct ProfilesCommand: AsyncParsableCommand {
    private static let exitStatuses = ExitStatus.section(
        [.usage, .writeFailed], own: [.success: "all profiles are valid", .badConfiguration: "invalid profile"])

    static let configuration = CommandConfiguration(
        commandName: "profiles", abstract: "List the profiles: saved servers with their options.",
        discussion: """
            A profile is a file NAME.json in $XDG_CONFIG_HOME/stomptap (by default
            ~/.config/stomptap). Its keys are "url" and the names of long options. Use
            NAME as the ENDPOINT of any command; options on the command line override
            those of the profile.

              {
                "url": "wss://staging.example.org/ws",
                "login": "app",
                "passcode-env": "STAGING_PASSCODE",
                "connect-header": ["x-tenant: 7"]
              }

            EXAMPLES
              stomptap profiles
              stomptap subscribe staging /topic/orders
              stomptap check staging --destination /topic/check

            \(exitStatuses)
            """)

    @Flag(help: "Show passcodes, Authorization, cookies and tokens.")
    var showSecrets = false

    func run() async throws {
        let mask: SecretMask = showSecrets ? .none : .hiding
        let names = ProfileFile.names
        if names.isEmpty {
            Diagnostics.note("no profiles in \(ProfileFile.folder); see 'stomptap profiles --help' to write one")
        }
        var failure: Failure?
        for name in names {
            do {
                let profile = try Profile(named: name)
                try profile.verify()
                guard try await StandardOutput.write(Self.text(of: profile, mask: mask)) else { return }
                if let warning = profile.warning { Diagnostics.warn(warning) }
            } catch let error as Failure where error.status == .badConfiguration {
                if let line = failure?.line { Diagnostics.fail(line) }
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// The name with the URL, and a line for each option.
    private static func text(of profile: Profile, mask: SecretMask) -> String {
        var out = OutputBuffer()
        out.append(profile.name, visible: .line)
        out.append("  ")
        out.append(mask.masked(profile.url), visible: .line)
        out.append("\n")
        for (option, values) in profile.settings {
            for value in values {
                out.append("    --\(option)")
                if !value.isEmpty {
                    out.append(" ")
                    out.append(shown(value, of: option, mask), visible: .line)
                }
                out.append("\n")
            }
        }
        return out.text
    }

    private static func shown(_ value: String, of option: String, _ mask: SecretMask) -> String {
        guard !mask.showsSecrets else { return value }
        if option == "passcode" || option == "cookie" { return SecretMask.cover }
        // The name of a variable is not secret, and useful here. But a secret may have been typed by mistake in its
        // place.
        if option.hasSuffix("-env") {
            return value.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
                ? value : SecretMask.cover
        }
        if option == "proxy" || option == "login" { return mask.masked(typed: value) }
        var value = value
        return value.withUTF8 { mask.masked(head: UnsafeRawBufferPointer($0)) }
    }
}
