import ArgumentParser
import StomptapRuntime

/// The options of a command that sends a message, apart from the destination.
struct SentOptions: ParsableArguments {
    @Option(
        name: [.customShort("f", allowingJoined: true), .long],
        help: ArgumentHelp("Read the body from this file; - is stdin.", valueName: "file"), completion: .file())
    var file: String?

    @Option(
        name: [.customShort("t", allowingJoined: true), .long],
        help: ArgumentHelp(
            "The 'content-type' header of SEND; json means application/json, '' omits it (default: application/json, text/plain or application/octet-stream, depending on the body).",
            valueName: "type"))
    var contentType: String?

    @Option(
        name: [.customShort("H", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Add a header to SEND; repeatable.", valueName: "name: value"),
        transform: HeaderArgument.init)
    var header: [HeaderArgument] = []

    /// Rejects a body or header that is given twice.
    ///
    /// - Parameter body: the body given as an argument.
    func rejectDuplicates(of body: String?) throws {
        try header.refuse(["destination": "the argument DESTINATION"])
        if contentType != nil { try header.refuse(["content-type": "-t"]) }
        guard body == nil || file == nil else {
            throw ValidationError("two bodies given; use either the argument or -f")
        }
    }
}

extension [HeaderArgument] {
    /// Rejects headers that the command sets itself, because the frame would have them twice.
    ///
    /// - Parameter own: by header name, the option that sets it.
    func refuse(_ own: KeyValuePairs<String, String>) throws {
        for (name, setter) in own where contains(where: { $0.header.name == name }) {
            throw ValidationError("-H '\(name): ...': \(setter) sets this header")
        }
    }
}
