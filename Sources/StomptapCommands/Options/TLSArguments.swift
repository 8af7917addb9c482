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
            "Trust these CA certificates instead of the system's: a file (PEM or PKCS#12), or a folder of such files.",
            valueName: "file"), completion: .file())
    var ca: String?

    @Option(help: ArgumentHelp("Client certificate, PEM or PKCS#12.", valueName: "file"), completion: .file())
    var cert: String?

    @Option(
        help: ArgumentHelp("Private key of --cert, if not in the same file.", valueName: "file"),
        completion: .file())
    var key: String?

    @Option(
        help: ArgumentHelp("Read the passphrase of --key or --cert from this environment variable.", valueName: "var"))
    var keyPassphraseEnv: String?

    @Option(
        help: ArgumentHelp(
            "Name for SNI and certificate verification (default: the URL's host).", valueName: "name")
    )
    var serverName: String?

    @Option(help: ArgumentHelp("Minimum TLS version: 1.0, 1.1, 1.2, 1.3.", valueName: "version"))
    var tlsMin = TLSVersion.v12

    @Flag(
        name: [.customShort("k"), .long],
        help: "Accept a certificate that cannot be verified, with a warning each time.")
    var insecure = false

    func validate() throws {
        guard key == nil || cert != nil else { throw ValidationError("--key needs --cert") }
        guard keyPassphraseEnv == nil || cert != nil else {
            throw ValidationError("--key-passphrase-env needs --cert")
        }
    }

    /// Warns if `-k` turns off the verification of a server's certificate.
    func warn(of endpoints: [Endpoint]) {
        for endpoint in endpoints where insecure && endpoint.scheme.isSecure {
            Diagnostics.warn(
                "TLS: -k: certificate of \(endpoint) not verified; traffic can be intercepted")
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
                    "--key-passphrase-env: no such environment variable; expected its name, not the passphrase")
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
        help: ArgumentHelp("Use TLS on all listeners, with this certificate: PEM or PKCS#12.", valueName: "file"),
        completion: .file())
    var tlsCert: String?

    @Option(
        help: ArgumentHelp("Private key of --tls-cert, if not in the same file.", valueName: "file"),
        completion: .file())
    var tlsKey: String?

    func validate() throws {
        guard tlsKey == nil || tlsCert != nil else { throw ValidationError("--tls-key needs --tls-cert") }
    }

    /// Nil without TLS.
    var options: TLSServerOptions? { tlsCert.map { TLSServerOptions(certificate: $0, key: tlsKey) } }
}
