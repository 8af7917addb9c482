import NIOCore
import StomptapOutput
import SystemC

@testable import StomptapCommands

/// Fuzzes profiles: a file with options, read as a command reads it.
func fuzzProfiles(_ input: FuzzInput) {
    let bytes = input.rest
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    precondition(file >= 0 && write(file, bytes, bytes.count) == bytes.count, "cannot write \(path)")
    close(file)
    do {
        let profile = try Profile(named: "fuzz")
        let line = profile.applied(to: ["subscribe", "fuzz", "/a"], of: "subscribe")
        precondition(line.first == "subscribe" && line.suffix(2) == ["fuzz", "/a"], "typed arguments changed")
        try profile.verify()
    } catch let failure as Failure {
        precondition(failure.status == .badConfiguration, "an invalid profile does not end with 78: \(failure)")
        check(isHarmless: ErrorLine.text(failure.line ?? ""), except: "\n")
    } catch {
        fatalError("not a Failure: \(error)")
    }
}

private let path: String = {
    var template = Array("/tmp/stomptap-fuzz-XXXXXX".utf8CString)
    precondition(mkdtemp(&template) != nil, "cannot create a folder in /tmp")
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    setenv("XDG_CONFIG_HOME", folder, 1)
    mkdir("\(folder)/stomptap", 0o700)
    return "\(folder)/stomptap/fuzz.json"
}()
