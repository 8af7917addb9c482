import COpenSSL
import SystemC

/// The process's environment.
enum Environment {
    static subscript(name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}

/// The file named by `SSLKEYLOGFILE`, to which the keys of each session go, for Wireshark.
struct TLSKeyLog: Sendable {
    private let path: String
    /// Nil where the file cannot be written.
    private let file: Int32?

    /// Nil where no key log is asked for. The file stays open for as long as the program runs.
    static let shared = Environment["SSLKEYLOGFILE"].flatMap { $0.isEmpty ? nil : TLSKeyLog(path: $0) }

    private init(path: String) {
        self.path = path
        file = try? FileCreation.appending.opened(path, mode: 0o600)
        var status = stat()
        // Whoever reads the keys reads the traffic: a file that was there already is closed to others as well.
        if let file, fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG { fchmod(file, 0o600) }
    }

    /// That the keys of a session are written, or why not.
    var event: WireEvent.Content { file == nil ? .cannotLogKeys(to: path) : .keysLogged(to: path) }

    /// `SSL_CTX_keylog_cb_func`: a line, in one write, so that programs which share the file tear no line of others.
    static let callback: @convention(c) (OpaquePointer?, UnsafePointer<CChar>?) -> Void = { _, line in
        guard let line, let file = shared?.file else { return }
        let bytes = String(cString: line) + "\n"
        _ = bytes.utf8.withContiguousStorageIfAvailable { write(file, $0.baseAddress, $0.count) }
    }
}
