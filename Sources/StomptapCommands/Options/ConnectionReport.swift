import NIOCore
import STOMPClient
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// Tells on stderr how a connection fares.
enum ConnectionReport {
    /// - Parameter isLocal: whether times are of the zone of this machine; otherwise they are in UTC.
    static func teller(isLocal: Bool) -> @Sendable (Reconnection.Event) -> Void {
        // By the clock on the wall, which goes on while the machine sleeps.
        let lostAt = Shared<Timestamp?>(nil)
        return { event in
            switch event {
            case .connecting: break
            case .connected(_, let away):
                if away != nil, let start = lostAt.value {
                    Diagnostics.note("connected again; away \(interval(from: start, to: .now(), isLocal: isLocal))")
                }
                lostAt.update { $0 = nil }
            case .lost(let error, _, let wait):
                lostAt.update { $0 = $0 ?? .now() }
                Diagnostics.note(Explanation(error).line(tryingAgainIn: wait))
            }
        }
    }

    /// `from 14:03:22 to 14:03:25 (2.9 s)`.
    static func interval(from start: Timestamp, to end: Timestamp, isLocal: Bool) -> String {
        let clocks = [start, end].map { time in
            var text: [UInt8] = []
            text.appendClock(time.calendar(isLocal: isLocal))
            return String(decoding: text, as: UTF8.self)
        }
        let span = TimeAmount.nanoseconds(max(0, end.nanoseconds - start.nanoseconds))
        return "from \(clocks[0]) to \(clocks[1]) (\(span.readable))"
    }
}
