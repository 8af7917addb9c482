import COpenSSL

/// Answers OpenSSL's question for a passphrase, so that it never asks on the terminal.
final class Passphrase {
    private let bytes: [UInt8]?
    private(set) var wasAsked = false

    init(_ passphrase: String?) {
        bytes = passphrase.map { Array($0.utf8) }
    }

    /// `pem_password_cb`; its last argument is the `Passphrase`, which the caller keeps alive meanwhile.
    static let callback:
        @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32 = {
            space, size, _, pointer in
            guard let space, let pointer else { return -1 }
            let passphrase = Unmanaged<Passphrase>.fromOpaque(pointer).takeUnretainedValue()
            passphrase.wasAsked = true
            guard let bytes = passphrase.bytes, bytes.count <= Int(size) else { return -1 }
            UnsafeMutableRawBufferPointer(start: space, count: Int(size)).copyBytes(from: bytes)
            return Int32(bytes.count)
        }
}
