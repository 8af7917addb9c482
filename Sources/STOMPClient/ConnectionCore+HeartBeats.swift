import NIOCore
import STOMPCore
import STOMPTransport

/// The heart-beats that were agreed on: ours kept, the server's watched.
extension ConnectionCore {
    func scheduleHeartBeat() {
        guard let next = monitor?.nextCheck, !isOver else { return }
        heartBeatTimer = eventLoop.assumeIsolated().scheduleTask(deadline: next) { [weak self] in
            self?.heartBeatDue()
        }
    }

    private func heartBeatDue() {
        guard !isOver, let due = monitor?.due(at: .now()), let monitor else { return }
        if due.peerIsSilent {
            if isReading {
                let agreed = TimeAmount.milliseconds(Int64(monitor.heartBeat.incoming))
                return end(.silent(for: monitor.silence(at: .now()), agreed: agreed))
            }
            self.monitor?.received(at: .now())
        }
        if due.send {
            // A full queue is a sign of life on its way already.
            if stream.isWritable {
                traceHeartBeat(.outgoing)
                stream.write(ByteBuffer(integer: UInt8(ascii: "\n")), promise: nil)
                stream.flush()
            }
            self.monitor?.sent(at: .now())
        }
        scheduleHeartBeat()
    }

    /// Tells the trace of a heart-beat, and of the interval that was agreed on for it.
    func traceHeartBeat(_ direction: WireEvent.Direction) {
        trace.record(.layers) {
            let agreed = monitor.map { direction == .outgoing ? $0.heartBeat.outgoing : $0.heartBeat.incoming } ?? 0
            let interval =
                agreed > 0 ? "every \(TimeAmount.milliseconds(Int64(agreed)).readable)" : "none was agreed on"
            return WireEvent(
                .stomp, direction, .layers, "heart-beat, \(interval)", octets: ByteBuffer(integer: UInt8(ascii: "\n")))
        }
    }
}
