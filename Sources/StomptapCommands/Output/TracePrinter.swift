import NIOCore
import STOMPTransport

/// Turns what happens on the wire into lines for stderr.
///
/// ```
/// 14:03:22.118 > stomp SEND /app/hi  37 B
///                SEND
///                destination:/app/hi
///
///                {"text":"hi"}
///                ^@
/// 14:03:22.131 < ws pong 4 octets
/// ```
struct TracePrinter {
    /// The largest body that is printed, in octets; of a larger one the size is told.
    static let largestBody = 1024

    private let text: WireText
    private var timestamps: Timestamps

    /// - Parameters:
    ///   - style: how it looks. Whether the output is a terminal makes no difference: a trace is for people.
    ///   - start: what ``TimestampStyle/relative`` counts from.
    init(style: OutputStyle, start: Timestamp = .now()) {
        text = WireText(palette: style.palette, mask: style.mask, largestBody: Self.largestBody)
        timestamps = Timestamps(style.timestamps, start: start)
    }

    mutating func append(_ event: WireEvent, at time: Timestamp, to out: inout OutputBuffer) {
        timestamps.advance(to: time)
        let indentation = WireText.indentation(below: timestamps.text)
        writeFirstLine(event, to: &out)
        event.octets?.withUnsafeReadableBytes { octets in
            switch (event.detail, event.layer) {
            case (.octets, _):
                text.mask.covered(octets).withUnsafeBytes { out.append(dump: $0, indentation: indentation) }
            case (_, .stomp): text.write(frame: octets, indentation: indentation, to: &out)
            case (_, .http), (_, .proxy), (_, .tls): text.write(head: octets, indentation: indentation, to: &out)
            // The summary says what there is to a ping or an envelope; its octets are for the dump.
            default: break
            }
        }
    }

    private func writeFirstLine(_ event: WireEvent, to out: inout OutputBuffer) {
        text.writeStart(timestamps.text, event.direction, event.layer, to: &out)
        out.append(text.mask.masked(event.summary), visible: .line)
        if event.layer == .stomp, event.detail != .octets {
            event.octets?.withUnsafeReadableBytes { text.writePlaceAndSize(of: $0, to: &out) }
        }
        out.append("\n")
    }
}
