import STOMPTap
import STOMPTransport

/// Formats the events of a tap that are neither frames nor messages as lines for stderr.
///
/// ```
/// 14:03:22.101 3 127.0.0.1:51234 * open: WebSocket /ws
/// 14:03:25.133 3 127.0.0.1:51234 app < server fault: dropped a heart-beat
/// 14:03:30.420 3 127.0.0.1:51234 * end: the app closed the WebSocket: close 1000
/// ```
package struct TapNotices: Sendable {
    private let text: WireText
    private var timestamps: Timestamps
    private var trace: TracePrinter
    private let showsLayers: Bool

    /// - Parameters:
    ///   - detail: how much detail below the messages is shown; nil shows nothing.
    ///   - start: the zero point of ``TimestampStyle/relative``.
    package init(_ detail: WireEvent.Detail?, style: OutputStyle, start: Timestamp = .now()) {
        text = WireText(style, largestBody: 0)
        timestamps = Timestamps(style.timestamps, start: start)
        trace = TracePrinter(detail, style: style, start: start)
        showsLayers = detail != nil
    }

    /// Whether this event is printed.
    package func prints(_ content: TapEvent.Content) -> Bool {
        switch content {
        case .opened, .refused, .fault, .note, .ended: true
        case .wire: showsLayers && !content.isTraffic
        case .frame, .unfinished: false
        }
    }

    package mutating func append(_ event: TapEvent, at time: Timestamp, to out: inout OutputBuffer) {
        switch event.content {
        case .opened(let what): write("open: \(what.text)", event, time, &out)
        case .refused(let refusal): write("refused: \(refusal.line(originOption: "--allow-origin"))", event, time, &out)
        case .fault(let what): write("fault: \(what.text)", event, time, &out)
        case .note(let what): write(what.text, event, time, &out)
        case .ended(let how): write("end: \(how.text)", event, time, &out)
        case .wire(let layer, let content, let bytes) where !event.content.isTraffic:
            trace.append(
                WireEvent(layer, event.direction, .layers, content, bytes: bytes), at: time, of: event.label, to: &out)
        case .frame, .unfinished, .wire: break
        }
    }

    private mutating func write(_ line: String, _ event: TapEvent, _ time: Timestamp, _ out: inout OutputBuffer) {
        timestamps.advance(to: time)
        text.writeStart(timestamps.text, event.direction, of: event.label, to: &out)
        out.append(text.mask.masked(summary: line), visible: .line)
        out.append("\n")
    }
}

/// The label of a tap's connection.
package struct ConnectionLabel: Sendable, Hashable {
    /// The number of the connection, counted from 1.
    package var connection: Int
    /// The app's address and port.
    package var app: String

    package init(connection: Int, app: String) {
        self.connection = connection
        self.app = app
    }

    /// The arrow for a direction, such as `app > server`; an event without a direction has just `*`.
    package func way(_ mark: String) -> String { mark == "*" ? mark : "app \(mark) server" }
}

extension WireEvent.Direction {
    /// The name of a direction in JSON and templates. In a tap it is named from neither side's view.
    package func name(on label: ConnectionLabel?) -> String {
        guard label != nil else { return name }
        return self == .outgoing ? "to-server" : "to-app"
    }
}

extension TapEvent {
    var label: ConnectionLabel { ConnectionLabel(connection: connection, app: app) }
}

extension OutputBuffer {
    /// Appends `3 127.0.0.1:51234` and a space.
    package mutating func append(_ label: ConnectionLabel, _ palette: Palette) {
        append(label.connection)
        append(" ")
        paint(.aside, palette) { $0.append(label.app, visible: .line) }
        append(" ")
    }
}
