import STOMPTransport

/// Writes what happens on the wire as JSON, an object a line: what `--trace-file` takes.
///
/// | key | is |
/// |---|---|
/// | `time` | when, in UTC with microseconds |
/// | `connection` | which connection of the command, counted from 1 |
/// | `direction` | `in`, `out`, `local` |
/// | `layer` | `tcp`, `tls`, `proxy`, `http`, `ws`, `sockjs`, `stomp` |
/// | `level` | how many `v` show it: 1, 2, 3 |
/// | `event` | what it is, in a few words |
/// | `size` | how many octets it is about; `size` and `data` are left out where it is about none |
/// | `data`, `dataEncoding` | those octets, `utf-8` or `base64`, with an asterisk for each octet of a secret; left out where they are a piece of a message, which may hold a piece of a secret |
package struct TraceJSON {
    private let mask: SecretMask
    private var time = ISOTime()

    package init(mask: SecretMask) {
        self.mask = mask
    }

    package mutating func append(_ event: WireEvent, at time: Timestamp, to out: inout OutputBuffer) {
        self.time.advance(to: time)
        out.append(literal: "{\"time\":\"")
        out.append(self.time.text)
        out.append(literal: "\",\"connection\":")
        out.append(event.connection)
        out.append(literal: ",\"direction\":\"")
        out.append(event.direction.name)
        out.append(literal: "\",\"layer\":\"")
        out.append(event.layer.rawValue)
        out.append(literal: "\",\"level\":")
        out.append(event.detail.rawValue)
        out.append(literal: ",\"event\":")
        out.append(jsonString: mask.masked(summary: event.text))
        if let octets = event.shownOctets {
            out.append(literal: ",\"size\":")
            out.append(octets.readableBytes)
            mask.covered(event)?.withUnsafeBytes { write($0, to: &out) }
        }
        out.append(literal: "}\n")
    }

    private func write(_ data: UnsafeRawBufferPointer, to out: inout OutputBuffer) {
        if data.isUTF8 {
            out.append(literal: ",\"data\":")
            out.append(jsonString: data)
            out.append(literal: ",\"dataEncoding\":\"utf-8\"")
        } else {
            out.append(literal: ",\"data\":\"")
            out.append(base64: data)
            out.append(literal: "\",\"dataEncoding\":\"base64\"")
        }
    }
}
