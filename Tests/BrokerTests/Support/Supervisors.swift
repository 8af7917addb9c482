import Foundation
import Synchronization
import TestSupport

/// Waits, when the test process exits, until all servers have ended. If the process is killed, the supervisors
/// notice that their input has ended.
enum Supervisors {
    private static let all = Mutex<[RunningProgram]>([])

    static func endAtExit(_ supervisor: RunningProgram) {
        _ = isPrepared
        all.withLock { $0.append(supervisor) }
    }

    private static let isPrepared: Bool =
        atexit {
            let supervisors = Supervisors.all.withLock { $0 }
            supervisors.forEach { $0.closeInput() }
            let deadline = ContinuousClock.now + .seconds(20)
            while supervisors.contains(where: { $0.written.status == .running }), ContinuousClock.now < deadline {
                usleep(10_000)
            }
        } == 0
}
