import NIOCore

/// Makes a connection to a proxy into one to the target.
struct ProxyTunnel {
    let proxy: ProxyTarget
    /// The target, as CONNECT names it: `localhost:61613`, `[::1]:61613`.
    let authority: String
    /// The target's name, or its IP address without brackets and zone; 1 to 255 bytes.
    let host: String
    let port: UInt16
    private let trace: WireTrace

    /// - Throws: ``TransportError`` with ``TransportError/Kind/badConfiguration`` where no proxy can be told of `target`.
    init(_ proxy: ProxyTarget, to target: TransportTarget, trace: WireTrace) throws(TransportError) {
        self.proxy = proxy
        self.trace = trace
        // A zone, as in `fe80::1%eth0`, means something on this machine only.
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

    /// Asks the proxy for the tunnel; the future brings what the target has sent through it already. Nothing is read
    /// from then on until somebody asks for it, and the proxy's handlers are gone. It fails with a ``TransportError``;
    /// closing the channel is the caller's part.
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

    /// The proxy as a failure names it.
    var name: String { proxy.description }

    /// The proxy cannot be reached.
    func unreachable(_ error: TransportError) -> TransportError {
        .proxy(.cannotReach(name, error))
    }

    func timedOut(after span: TimeAmount) -> TransportError { .proxy(.noAnswer(from: name, within: span)) }

    /// The connection ended before there was a tunnel.
    func brokenOff(_ error: (any Error)? = nil) -> TransportError {
        if let error = error as? TransportError { return error }
        let cause = (error as? IOError).map { SystemError(code: $0.errnoCode) }
        return .proxy(.connectionClosed(by: name, askedFor: authority, cause))
    }
}

extension ChannelHandlerContext {
    /// Removes the handler of this context from the pipeline, and completes `promise` with what came early.
    ///
    /// Not at once, as the read that brought the last of the handshake may bring more; what it brings is asked for when
    /// it is over.
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
