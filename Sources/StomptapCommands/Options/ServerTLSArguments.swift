import ArgumentParser
import STOMPTransport

/// How TLS is spoken with those who connect to this program.
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

    /// Nil where no TLS is spoken.
    var options: TLSServerOptions? { tlsCert.map { TLSServerOptions(certificate: $0, key: tlsKey) } }
}
