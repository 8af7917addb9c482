import NIOCore
import STOMPCore
import STOMPTransport
import SystemC

extension Message {
    /// What the clock says: `{"time":"2026-11-21T05:03:22Z","tick":1}` on `/topic/clock`.
    ///
    /// - Parameters:
    ///   - tick: counted from 1.
    ///   - time: of this tick.
    static func clock(tick: Int, time: Timestamp) throws(STOMPProtocolError) -> Message {
        let body = #"{"time":"\#(iso8601(time))","tick":\#(tick)}"#
        let frame = try FrameEncoder(version: .v12).frame(
            .send, ["content-type": "application/json"], body: ByteBuffer(string: body))
        return Message(destination: "/topic/clock", frame: frame)
    }
}

/// The time in UTC as ISO 8601 has it, to the second.
func iso8601(_ time: Timestamp) -> String {
    var seconds = time_t(time.nanoseconds / 1_000_000_000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let date = "\(parts.tm_year + 1900)-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
    return "\(date)T\(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec))Z"
}
