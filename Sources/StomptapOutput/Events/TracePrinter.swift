import NIOCore
import STOMPTransport

/// Formats wire events as lines for stderr.
///
/// ```
/// 14:03:22.118 > stomp SEND /app/hi  37 B
///                SEND
///                destination:/app/hi
///
///                {"text":"hi"}
///                ^@
/// 14:03:22.131 < ws frame pong FIN  4 B
/// ```
package struct TracePrinter {
    /// The largest body that is printed, in bytes; for a larger one, only the size is printed.
    package static let largestBody = 1024

    /// The highest detail level that is printed; events above it are skipped. Nil prints nothing.
    package var detail: WireEvent.Detail?
    /// What the trace omits from the MESSAGE frames of subscriptions, because the command prints it on the same
    /// terminal.
    package enum Omission: Sendable {
        case nothing, body, message
    }

    package var omission = Omission.nothing
    /// The ids of SUBSCRIBE frames that were sent.
    private var subscriptions: Set<[UInt8]> = []
    private let text: WireText
    private let textWithoutBodies: WireText
    private var timestamps: Timestamps

    /// - Parameters:
    ///   - detail: the highest detail level that is printed; nil prints nothing.
    ///   - style: the output style. Its `isTerminal` is ignored: a trace is always human-readable.
    ///   - start: the zero point of ``TimestampStyle/relative``.
    package init(_ detail: WireEvent.Detail?, style: OutputStyle, start: Timestamp = .now()) {
        self.detail = detail
        text = WireText(style, largestBody: Self.largestBody, coversBodies: true)
        textWithoutBodies = WireText(style, largestBody: 0)
        timestamps = Timestamps(style.timestamps, start: start)
    }

    /// - Parameter label: the connection, if the event is a tap's.
    package mutating func append(
        _ event: WireEvent, at time: Timestamp, of label: ConnectionLabel? = nil, to out: inout OutputBuffer
    ) {
        guard let detail, event.detail <= detail else { return }
        let omission = self.omission(of: event)
        guard omission != .message else { return }
        timestamps.advance(to: time)
        let indentation = WireText.indentation(below: timestamps.text)
        writeFirstLine(event, of: label, to: &out)
        event.shownBytes?.withUnsafeReadableBytes { bytes in
            switch (event.detail, event.layer) {
            case (.bytes, _): writeDump(event, indentation, to: &out)
            case (_, .stomp):
                (omission == .body ? textWithoutBodies : text).write(frame: bytes, indentation: indentation, to: &out)
            case (_, .http), (_, .proxy), (_, .tls): text.write(head: bytes, indentation: indentation, to: &out)
            // The first line already describes a control frame or an envelope completely.
            default: if detail == .bytes { writeDump(event, indentation, to: &out) }
            }
        }
    }

    /// The largest number of ids that are remembered.
    private static let largestCount = 1000

    /// What to omit because the command prints it itself. A message for an unknown subscription is always shown.
    private mutating func omission(of event: WireEvent) -> Omission {
        guard event.layer == .stomp, event.detail == .frames, case .frame(let command) = event.content,
            let bytes = event.bytes
        else { return .nothing }
        switch (command, event.direction) {
        // The command prints no messages after these.
        case ("CONNECT", .outgoing), ("STOMP", .outgoing), ("DISCONNECT", .outgoing):
            subscriptions = []
        case ("UNSUBSCRIBE", .outgoing):
            if let id = bytes.firstValue(of: "id") { subscriptions.remove(id) }
        case ("SUBSCRIBE", .outgoing):
            if subscriptions.count < Self.largestCount, let id = bytes.firstValue(of: "id") { subscriptions.insert(id) }
        case ("MESSAGE", .incoming):
            guard omission != .nothing, let id = bytes.firstValue(of: "subscription") else { break }
            return subscriptions.contains(id) ? omission : .nothing
        default: break
        }
        return .nothing
    }

    private func writeFirstLine(_ event: WireEvent, of label: ConnectionLabel?, to out: inout OutputBuffer) {
        text.writeStart(timestamps.text, event.direction, of: label, to: &out)
        out.append("\(event.layer.rawValue) ")
        out.append(text.mask.masked(summary: event.text), visible: .line)
        event.shownBytes?.withUnsafeReadableBytes { bytes in
            switch event.layer {
            case .stomp: text.writePlaceAndSize(of: bytes, to: &out)
            // The TLS summary is our own text, so its size means nothing.
            case .tls: break
            default: text.writeSize(bytes.count, to: &out)
            }
        }
        out.append("\n")
    }

    private func writeDump(_ event: WireEvent, _ indentation: Int, to out: inout OutputBuffer) {
        if let bytes = text.mask.covered(event) {
            bytes.withUnsafeBytes { text.write(dump: $0, indentation: indentation, to: &out) }
        } else {
            text.write(line: WireText.leftOut, indentation: indentation, to: &out)
        }
    }
}

extension ByteBuffer {
    /// The value of a header of the frame in these bytes, still escaped.
    fileprivate func firstValue(of name: String) -> [UInt8]? {
        withUnsafeReadableBytes { bytes in
            var rest = bytes[...]
            while let line = rest.takeHeaderLine() {
                guard line.starts(with: name.utf8), line.dropFirst(name.utf8.count).first == UInt8(ascii: ":") else {
                    continue
                }
                let value = line.dropFirst(name.utf8.count + 1)
                return Array(value.last == UInt8(ascii: "\r") ? value.dropLast() : value)
            }
            return nil
        }
    }
}
