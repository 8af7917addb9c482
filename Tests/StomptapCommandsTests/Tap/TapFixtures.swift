import NIOCore
import OutputFixtures
import STOMPCore
import STOMPTap

@testable import StomptapCommands

extension TapEvent {
    static func sample(connection: Int = 3, app: String = "127.0.0.1:51234", _ content: Content) -> TapEvent {
        .sample(.toServer, connection: connection, app: app, content)
    }

    static func sample(
        _ direction: Direction?, connection: Int = 3, app: String = "127.0.0.1:51234", _ content: Content
    ) -> TapEvent {
        TapEvent(connection: connection, app: app, direction: direction, content)
    }

    static func sent(_ command: String, _ headers: [String] = [], _ body: String = "", on connection: Int = 3) throws
        -> TapEvent
    {
        .sample(connection: connection, .frame(try makeMessage(headers, body: body.utf8, command: command)))
    }

    static func came(_ command: String, _ headers: [String] = [], _ body: String = "", on connection: Int = 3) throws
        -> TapEvent
    {
        .sample(.toApp, connection: connection, .frame(try makeMessage(headers, body: body.utf8, command: command)))
    }
}
