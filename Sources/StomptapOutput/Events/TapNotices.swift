import STOMPTap
import STOMPTransport

/// Turns what is no frame and no message into lines for stderr.
///
/// ```
/// 14:03:22.101 3 127.0.0.1:51234 * open: WebSocket /ws
/// 14:03:25.133 3 127.0.0.1:51234 app < server fault: dropped a heart-beat
/// 14:03:30.420 3 127.0.0.1:51234 * end: the app closed it: close 1000
/// ```
package struct TapNotices: Sendable {
    private let text: WireText
    private var timestamps: Timestamps
    private var trace: TracePrinter
    private let showsLayers: Bool

    /// - Parameters:
    ///   - detail: how much of what passes below the messages is shown; nil is nothing.
    ///   - start: what ``TimestampStyle/relative`` counts from.
    package init(_ detail: WireEvent.Detail?, style: OutputStyle, start: Timestamp = .now()) {
        text = WireText(style, largestBody: 0)
        timestamps = Timestamps(style.timestamps, start: start)
        trace = TracePrinter(detail, style: style, start: start)
        showsLayers = detail != nil
    }

    /// Whether there are lines for it.
    package func tells(_ content: TapEvent.Content) -> Bool {
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

/// The connection of a tap that something was seen on.
package struct ConnectionLabel: Sendable, Hashable {
    /// The connections of a tap are counted from 1.
    package var connection: Int
    /// The app's address and port.
    package var app: String

    package init(connection: Int, app: String) {
        self.connection = connection
        self.app = app
    }

    /// `app > server`, for the arrow of a direction; what goes neither way has none.
    package func way(_ mark: String) -> String { mark == "*" ? mark : "app \(mark) server" }
}

extension WireEvent.Direction {
    /// How JSON and templates name it; between an app and its server, as seen from neither.
    package func name(on label: ConnectionLabel?) -> String {
        guard label != nil else { return name }
        return self == .outgoing ? "to-server" : "to-app"
    }
}

extension TapEvent {
    var label: ConnectionLabel { ConnectionLabel(connection: connection, app: app) }
}

extension OutputBuffer {
    /// Appends `3 127.0.0.1:51234` and a blank.
    package mutating func append(_ label: ConnectionLabel, _ palette: Palette) {
        append(label.connection)
        append(" ")
        paint(.aside, palette) { $0.append(label.app, visible: .line) }
        append(" ")
    }
}
