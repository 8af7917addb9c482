import NIOCore

/// What passed and carries no STOMP.
package struct PlainTraffic: Sendable {
    /// What JSON and people call it.
    package enum Kind: String, Sendable {
        case text, binary
        /// Octets of a stream, or a frame that is none.
        case octets
    }

    package let kind: Kind
    package let octets: ByteBuffer

    package init(kind: Kind, octets: ByteBuffer) {
        self.kind = kind
        self.octets = octets
    }
}

extension WireText {
    /// Appends what it is, its size, and its octets with what may be a secret in them hidden.
    ///
    /// - Parameter isDumped: whether a dump follows, which what is no text need not be shown by as well.
    package func write(_ plain: PlainTraffic, isDumped: Bool, indentation: Int, to out: inout OutputBuffer) {
        guard plain.kind == .octets else {
            return write(message: plain.kind.rawValue, plain.octets, isDumped: isDumped, indentation, to: &out)
        }
        out.append("octets")
        writeSize(plain.octets.readableBytes, to: &out)
        out.append("\n")
        plain.octets.withUnsafeReadableBytes { mask.covered($0) }.withUnsafeBytes { octets in
            // A frame that is none still looks like one.
            if octets.isTextOfFrame {
                write(frame: octets, indentation: indentation, to: &out)
            } else if !isDumped {
                out.append(dump: octets, indentation: indentation)
            }
        }
    }

    /// Appends a message by the name of its kind, its size, and what is in it.
    package func write(
        message name: String, _ octets: ByteBuffer, isDumped: Bool, _ indentation: Int, to out: inout OutputBuffer
    ) {
        out.append(name)
        writeSize(octets.readableBytes, to: &out)
        out.append("\n")
        // Who takes STOMP for plain messages shall not see its secrets either.
        octets.withUnsafeReadableBytes { mask.covered($0) }.withUnsafeBytes { octets in
            guard !isDumped || octets.isText else { return }
            write(body: octets, indentation: indentation, to: &out)
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether this reads as text, with at most a NUL at its end.
    fileprivate var isTextOfFrame: Bool {
        UnsafeRawBufferPointer(rebasing: last == 0 ? dropLast() : self[...]).isText
    }
}
