import NIOCore
import NIOPosix

/// Where servers are played: a thread of their own, since those that tests share may be busy with others for longer than
/// a program waits for a server.
final class ServerThread: TaskExecutor {
    static let shared = ServerThread()

    let eventLoop: any EventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
