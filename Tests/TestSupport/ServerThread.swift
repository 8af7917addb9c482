import NIOCore
import NIOPosix

/// The thread that runs the scripted servers. It is separate because other tests may keep the shared threads busy
/// for longer than a program waits for a server.
final class ServerThread: TaskExecutor {
    static let shared = ServerThread()

    let eventLoop: any EventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
