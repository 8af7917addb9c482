import STOMPClient
import StomptapRuntime

/// The options that also apply to a server other than the one they were given for.
extension ConnectionOptions {
    /// The options for another server. Those for CA, proxy, timeouts, reconnection and diagnostics are kept; all
    /// others are reset to their defaults. A new option is reset unless it is listed here.
    func forOtherServer() throws -> ConnectionOptions {
        var other = try ConnectionOptions.parse([])
        other.tls.ca = tls.ca
        other.proxy = proxy
        other.connectTimeout = connectTimeout
        other.receiptTimeout = receiptTimeout
        other.settle = settle
        other.reconnect = reconnect
        other.reconnectDelay = reconnectDelay
        other.reconnectMaxDelay = reconnectMaxDelay
        other.diagnostics = diagnostics
        return other
    }

    /// The names of the options that were given and that ``forOtherServer()`` resets.
    var keptFromOtherServers: [String] {
        let options: KeyValuePairs = [
            "--login": credentials.login != nil, "--passcode-env": credentials.passcodeEnv != nil,
            "--passcode-file": credentials.passcodeFile != nil, "--passcode-prompt": credentials.passcodePrompt,
            "--passcode": credentials.passcode != nil, "--connect-header": !connectHeader.isEmpty,
            "--http-header": !http.httpHeader.isEmpty,
            HeaderCommandOption.connect: !connectHeaderCommand.isEmpty,
            HeaderCommandOption.http: !http.httpHeaderCommand.isEmpty, "--origin": http.origin != nil,
            "--cookie": http.cookie != nil,
            "--virtual-host": virtualHost != nil,
            "--stomp-version": stompVersion.versions != VersionsArgument.all.versions,
            "--heart-beat": heartBeat != nil, "--cert": tls.cert != nil, "--key": tls.key != nil,
            "--key-passphrase-env": tls.keyPassphraseEnv != nil, "--server-name": tls.serverName != nil,
            "--tls-min": tls.tlsMin != .v12, "--insecure": tls.insecure,
            "--sockjs-transport": sockjsTransport != .auto, "--subprotocol": subprotocol != nil,
            "--ws-binary": wsBinary, "--split": split != nil, "--compress": compress,
            "--max-message": maxMessage.bytes != SizeArgument(mebibytes: 16).bytes,
        ]
        return options.filter(\.value).map(\.key)
    }
}

extension Endpoint {
    /// Whether this is the same server as `other`: host, port and scheme are equal.
    func isSameServer(as other: Endpoint) -> Bool {
        scheme == other.scheme && port == other.port && host.lowercased() == other.host.lowercased()
    }
}
