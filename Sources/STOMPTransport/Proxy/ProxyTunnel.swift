import NIOCore

/// Opens a tunnel to the target on a connection to a proxy.
struct ProxyTunnel {
    let proxy: ProxyTarget
    /// The target in the form of CONNECT: `localhost:61613`, `[::1]:61613`.
    let authority: String
    /// The target's name, or its IP address without brackets and zone; 1 to 255 bytes.
    let host: String
    let port: UInt16
    private let trace: WireTrace

    /// - Throws: ``TransportError`` with ``TransportError/Kind/badConfiguration`` if `target` cannot be sent to a
    ///   proxy.
    init(_ proxy: ProxyTarget, to target: TransportTarget, trace: WireTrace) throws(TransportError) {
        self.proxy = proxy
        self.trace = trace
        // A zone, as in `fe80::1%eth0`, is only meaningful on this machine.
        let host = target.host.contains(":") ? String(target.host.prefix { $0 != "%" }) : target.host
        guard (1...255).contains(host.utf8.count), host.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }),
            let port = UInt16(exactly: target.port), port > 0
        else {
            throw .proxy(.unusableTarget(addressText(host: target.host, port: target.port)))
        }
        authority = addressText(host: host, port: target.port)
        self.host = host
        self.port = port
    }

    /// Asks the proxy for the tunnel. The future returns the bytes that the target has already sent through it. By
    /// then the proxy's handler has been removed, and automatic reading is off. The future fails with a
    /// ``TransportError``; the caller closes the channel.
    func open(_ channel: any Channel) -> EventLoopFuture<ByteBuffer> {
        let promise = channel.eventLoop.makePromise(of: ByteBuffer.self)
        do {
            let pipeline = channel.pipeline.syncOperations
            switch proxy.scheme {
            case .http:
                try pipeline.addHandler(HTTPConnectHandler(self, trace: trace, promise: promise))
            case .socks5:
                try pipeline.addHandler(SOCKSTunnelHandler(self, trace: trace, promise: promise))
            }
            try channel.syncOptions?.setOption(.autoRead, value: true)
        } catch {
            promise.fail(brokenOff(error))
        }
        return promise.futureResult
    }

    // MARK: - Errors

    /// The proxy as failures show it.
    var name: String { proxy.description }

    /// Returns the failure for a proxy that cannot be reached.
    func unreachable(_ error: TransportError) -> TransportError {
        .proxy(.cannotReach(name, error))
    }

    func timedOut(after span: Duration) -> TransportError { .proxy(.noAnswer(from: name, within: span)) }

    /// Returns the failure for a connection that ended before the tunnel was open.
    func brokenOff(_ error: (any Error)? = nil) -> TransportError {
        if let error = error as? TransportError { return error }
        let cause = (error as? IOError).map { SystemError(code: $0.errnoCode) }
        return .proxy(.connectionClosed(by: name, askedFor: authority, cause))
    }
}

extension ChannelHandlerContext {
    /// Removes the handler of this context from the pipeline, and completes `promise` with the bytes that arrived
    /// early.
    ///
    /// It does so later, because the read that completed the handshake may deliver more bytes; `early` is called
    /// after that read.
    func endTunnel(
        _ tunnel: ProxyTunnel, promise: EventLoopPromise<ByteBuffer>, early: @escaping () -> ByteBuffer
    ) {
        try? channel.syncOptions?.setOption(.autoRead, value: false)
        eventLoop.assumeIsolated().execute { [self] in
            guard channel.isActive else { return promise.fail(tunnel.brokenOff()) }
            channel.pipeline.syncOperations.removeHandler(context: self).assumeIsolated()
                .map { early() }.nonisolated().cascade(to: promise)
        }
    }
}
