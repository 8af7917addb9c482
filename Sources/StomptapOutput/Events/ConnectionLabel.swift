import STOMPTap
import STOMPTransport

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
