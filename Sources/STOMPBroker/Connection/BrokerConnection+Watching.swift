import NIOCore
import STOMPCore

/// What time does to a connection: heart-beats that are due, and clients that have gone silent or take nothing.
extension BrokerConnection {
    /// Gives up on a client that takes nothing.
    func watchWriting() {
        guard writeWatch == nil, !stream.isWritable else { return }
        let taken = output.taken - stream.queuedBytes
        writeWatch = schedule(in: limits.sendTimeout) { connection in
            connection.writeWatch = nil
            guard connection.output.taken - connection.stream.queuedBytes > taken else {
                return connection.drop("it took nothing for \(connection.limits.sendTimeout.readable)")
            }
            connection.watchWriting()
        }
    }

    // MARK: Heart-beats

    func scheduleHeartBeat() {
        guard let next = monitor?.nextCheck else { return }
        timer = schedule(in: max(next - .now(), .nanoseconds(0))) { $0.heartBeatDue() }
    }

    private func heartBeatDue() {
        guard let due = monitor?.due(at: .now()) else { return }
        if due.peerIsSilent {
            guard isStopped else {
                return refuse(BrokerError(.timedOut, "neither a frame nor a heart-beat came for too long"))
            }
            monitor?.received(at: .now())
        }
        if due.send {
            monitor?.sent(at: .now())
            // A full queue is a sign of life on its way already.
            if stream.isWritable {
                touch()
                output.appendHeartBeat()
                flush()
            }
        }
        scheduleHeartBeat()
    }
}
