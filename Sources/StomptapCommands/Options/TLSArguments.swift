import ArgumentParser
import STOMPClient
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import SystemC

/// The TLS options for connections to a server.
struct TLSArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Trust these certificates in place of the system's: a file (PEM or PKCS#12), or a folder of them.",
            valueName: "file"), completion: .file())
    var ca: String?

    @Option(help: ArgumentHelp("The client's certificate, PEM or PKCS#12.", valueName: "file"), completion: .file())
    var cert: String?

    @Option(
        help: ArgumentHelp("The key of --cert, where that file does not hold it.", valueName: "file"),
        completion: .file())
    var key: String?

    @Option(
        help: ArgumentHelp("Take the passphrase of --key or --cert from this environment variable.", valueName: "var"))
    var keyPassphraseEnv: String?

    @Option(
        help: ArgumentHelp(
            "The name to ask for and to find in the server's certificate (default: the URL's host).", valueName: "name")
    )
    var serverName: String?

    @Option(help: ArgumentHelp("The least version of TLS to take: 1.0, 1.1, 1.2, 1.3.", valueName: "version"))
    var tlsMin = TLSVersion.v12

    @Flag(
        name: [.customShort("k"), .long],
        help: "Talk to a server whose certificate cannot be verified, with a warning each time.")
    var insecure = false

    func validate() throws {
        guard key == nil || cert != nil else { throw ValidationError("--key goes with --cert") }
        guard keyPassphraseEnv == nil || cert != nil else {
            throw ValidationError("--key-passphrase-env goes with --cert")
        }
    }

    /// Warns if `-k` turns off the verification of a server's certificate.
    func warn(of endpoints: [Endpoint]) {
        for endpoint in endpoints where insecure && endpoint.scheme.isSecure {
            Diagnostics.warn(
                "TLS: -k: whoever answers for \(endpoint) is believed; anybody between can read and change it")
        }
    }

    /// - Throws: ``Failure`` if a file cannot be read or an environment variable is missing.
    func options() throws -> TLSOptions {
        for (option, file) in [("--ca", ca), ("--cert", cert), ("--key", key)] {
            guard let file, access(file, R_OK) != 0 else { continue }
            throw Failure(.noInput, "TLS: \(option): \(TypedSecrets.masked(file)): \(systemMessage(errno))")
        }
        var options = TLSOptions()
        options.ca = ca
        options.certificate = cert
        options.key = key
        if let keyPassphraseEnv {
            guard let passphrase = getenv(keyPassphraseEnv) else {
                throw Failure(
                    .usage,
                    "--key-passphrase-env: no such environment variable; it takes the name of one, not the passphrase")
            }
            options.keyPassphrase = String(cString: passphrase)
        }
        options.serverName = serverName
        options.minimumVersion = tlsMin
        options.isInsecure = insecure
        return options
    }
}

extension TLSVersion: ExpressibleByArgument {}

/// The TLS options for clients that connect to this program.
struct ServerTLSArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp("Speak TLS on all listeners, with this certificate: PEM or PKCS#12.", valueName: "file"),
        completion: .file())
    var tlsCert: String?

    @Option(
        help: ArgumentHelp("The key of --tls-cert, where that file does not hold it.", valueName: "file"),
        completion: .file())
    var tlsKey: String?

    func validate() throws {
        guard tlsKey == nil || tlsCert != nil else { throw ValidationError("--tls-key goes with --tls-cert") }
    }

    /// Nil without TLS.
    var options: TLSServerOptions? { tlsCert.map { TLSServerOptions(certificate: $0, key: tlsKey) } }
}
