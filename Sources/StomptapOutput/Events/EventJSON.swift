import NIOCore
import STOMPTransport

/// Writes events as JSON, an object a line: those of `--trace-file`, of `raw -o json`, of `tap -o json` and `--record`.
///
/// In a trace file:
///
/// | key | is |
/// |---|---|
/// | `time` | when, in UTC with microseconds |
/// | `connection` | which connection of the command, counted from 1 |
/// | `direction` | `in`, `out`, `local` |
/// | `layer` | `tcp`, `tls`, `proxy`, `http`, `ws`, `sockjs`, `stomp` |
/// | `level` | how many `v` show it: 1, 2, 3 |
/// | `event` | what it is, in a few words |
/// | `size` | how many bytes it is about; `size` and `data` are left out if it is about none |
/// | `data`, `dataEncoding` | those bytes, `utf-8` or `base64`, with an asterisk for each byte of a secret; left out if they are a piece of a message, which may hold a piece of a secret |
///
/// Of `raw`, each object has `time`, `direction`, `layer` and `type`. The types: `open` with `peer`, `subprotocol` and
/// `tls`; `frame` with what `-o json` has of frames elsewhere; `text`, `binary`, `ping`, `pong` and `octets` with `body`,
/// `bodyEncoding` and `bodySize`; `heart-beat`; `event` with `event`, `id` and `data`; `retry` with `retry`, in
/// milliseconds; `close` with `code`, `reason` and `clean`.
///
/// Of `tap`, each has `time`, `direction` (`to-server`, `to-app`), `connection` and `app`, then what frames have
/// elsewhere, or `type` and a body.
package struct EventJSON: Sendable {
    private let mask: SecretMask
    private var time = ISOTime()
    private var frames: JSONMessage

    package init(mask: SecretMask) {
        self.mask = mask
        frames = JSONMessage(mask: mask)
    }

    /// Appends an event of a trace.
    package mutating func append(_ event: WireEvent, at time: Timestamp, to out: inout OutputBuffer) {
        writeTime(time, to: &out)
        out.append(literal: ",\"connection\":")
        out.append(event.connection)
        write("direction", word: event.direction.name, to: &out)
        write("layer", word: event.layer.rawValue, to: &out)
        out.append(literal: ",\"level\":")
        out.append(event.detail.rawValue)
        write("event", event.text, to: &out)
        if let bytes = event.shownOctets {
            out.append(literal: ",\"size\":")
            out.append(bytes.readableBytes)
            mask.covered(event)?.withUnsafeBytes { write(data: $0, to: &out) }
        }
        out.append(literal: "}\n")
    }

    /// Appends what `raw` or `tap` shows.
    package mutating func append(_ event: TrafficEvent, to out: inout OutputBuffer) {
        writeTime(event.time, to: &out)
        write("direction", word: event.direction.name(on: event.link), to: &out)
        if let link = event.link {
            out.append(literal: ",\"connection\":")
            out.append(link.connection)
            out.append(literal: ",\"app\":")
            out.append(jsonString: link.app)
        } else {
            write("layer", word: event.layer.rawValue, to: &out)
        }
        switch event.content {
        case .frame(let frame):
            if event.link == nil { write("type", word: "frame", to: &out) }
            out.append(literal: ",")
            frames.writeMembers(of: frame, to: &out)
        case .wire(let content, let bytes):
            write("type", word: content.type, to: &out)
            writeMembers(of: content, bytes, to: &out)
        }
        out.append(literal: "}\n")
    }

    private mutating func writeMembers(
        of content: WireEvent.Content, _ bytes: ByteBuffer?, to out: inout OutputBuffer
    ) {
        switch content {
        case .opened(let description):
            write("peer", description.remoteAddress, to: &out)
            if let subprotocol = description.subprotocol { write("subprotocol", subprotocol, to: &out) }
            if let tls = description.tls { write("tls", tls, to: &out) }
        case .serverSentEvent(let event):
            write("event", event.event, to: &out)
            write("id", event.id, to: &out)
            out.append(literal: ",\"data\":")
            event.data.withUnsafeReadableBytes { mask.covered($0) }.withUnsafeBytes { out.append(jsonString: $0) }
        case .retry(let milliseconds):
            out.append(literal: ",\"retry\":")
            out.append(milliseconds)
        case .ended(let closure):
            if let code = closure.code {
                out.append(literal: ",\"code\":")
                out.append(code)
            }
            write("reason", closure.reason, to: &out)
            out.append(literal: closure.isClean ? ",\"clean\":true" : ",\"clean\":false")
        case .observedHeartBeat: break
        default:
            guard let bytes else { return }
            out.append(literal: ",")
            // A message without STOMP may still hold a frame with secrets.
            bytes.withUnsafeReadableBytes { mask.covered($0) }.withUnsafeBytes { frames.writeBody($0, to: &out) }
        }
    }

    private mutating func writeTime(_ time: Timestamp, to out: inout OutputBuffer) {
        self.time.advance(to: time)
        out.append(literal: "{\"time\":\"")
        out.append(self.time.text)
        out.append(literal: "\"")
    }

    /// Appends what a user or a peer may have given, or a sentence that may quote it.
    private func write(_ name: StaticString, _ value: String, to out: inout OutputBuffer) {
        out.append(literal: ",\"")
        out.append(literal: name)
        out.append(literal: "\":")
        out.append(jsonString: mask.masked(summary: value))
    }

    /// Appends a word of this program.
    private func write(_ name: StaticString, word: String, to out: inout OutputBuffer) {
        out.append(literal: ",\"")
        out.append(literal: name)
        out.append(literal: "\":\"")
        out.append(word)
        out.append(literal: "\"")
    }

    private func write(data: UnsafeRawBufferPointer, to out: inout OutputBuffer) {
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
