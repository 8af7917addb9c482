import Foundation
import TestSupport
import Testing

/// Checks that README, man pages, completions and help agree.
@Suite(.spawning) struct DocumentationTests {
    /// The generated files are committed and match the current program.
    @Test func generatedFilesAreOfThisProgram() async throws {
        try await withTemporaryFolder { folder in
            try Data(Repository.text("README.md").utf8).write(to: folder.appending(path: "README.md"))
            let result = try await Program(
                Program.productsFolder + "/generate-docs", [folder.path]
            ).run()
            #expect(result.status == .exited(0), "\(result)")
            let (committed, made) = (try files(below: Repository.root), try files(below: folder))
            #expect(committed.keys.sorted() == made.keys.sorted(), "make docs")
            for (name, text) in made { #expect(committed[name] == text, "\(name) is stale: make docs") }
        }
    }

    private func files(below folder: URL) throws -> [String: String] {
        var files = ["README.md": try String(contentsOf: folder.appending(path: "README.md"), encoding: .utf8)]
        for name in ["man", "completions"] {
            for file in try FileManager.default.contentsOfDirectory(
                at: folder.appending(path: name), includingPropertiesForKeys: nil)
            {
                files["\(name)/\(file.lastPathComponent)"] = try String(contentsOf: file, encoding: .utf8)
            }
        }
        return files
    }

    @Test func noOptionIsMissingAnywhere() async throws {
        let readme = try Repository.text("README.md")
        let completions = try ["stomptap.bash", "_stomptap", "stomptap.fish"].map {
            try Repository.text("completions/\($0)")
        }
        let commands = try await Program.commands()
        #expect(commands.count > 5)
        for command in commands {
            let help = try await Program.stomptap(command, "--help").run().output
            let options = Set(help.matches(of: /(?m)^  (?:-\w, )*(--[a-z][a-z-]+)/).map { String($0.output.1) })
            #expect(!options.isEmpty)
            let page = try Repository.text("man/stomptap-\(command).1").replacing("\\-", with: "-")
            for option in options.subtracting(["--help", "--version"]) {
                #expect(page.contains("\(option)\\fR"), "\(option) is not in the page of \(command)")
                #expect(readme.contains("\(option)`"), "\(option) of \(command) is not in the README")
                for text in completions {
                    #expect(text.contains(option) || text.contains("-l '\(option.dropFirst(2))'"), "\(option)")
                }
            }
        }
    }

    /// `--help` and the man page have the same options in the same order, and `-h` the command's own, which come first.
    @Test func allListTheOptionsInOneOrder() async throws {
        func options(in text: String) -> [String] {
            text.matches(of: /(?m)^  (-\w|--[a-z][a-z-]+)(?=[, \n])/).map { String($0.output.1) }
        }
        for command in try await Program.commands() {
            let whole = options(in: try await Program.stomptap(command, "--help").run().output)
            let short = options(in: try await Program.stomptap(command, "-h").run().output)
            let page = try Repository.text("man/stomptap-\(command).1").replacing("\\-", with: "-")
            let inPage = page.components(separatedBy: ".SH OPTIONS").last?.components(separatedBy: ".SH ").first?
                .matches(of: /(?m)^\\fB(-[a-zA-Z0-9-]+)\\fR/).map { String($0.output.1) }
            #expect(inPage == whole, "\(command)")
            let general = ["--version", "-h", "--help"]
            #expect(Array(whole.filter { !general.contains($0) }.prefix(short.count)) == short, "\(command)")
            #expect(!short.isEmpty && !short.contains("--ca") && !short.contains("--color"), "\(command)")
        }
    }

    /// README and man page list the same exit statuses.
    @Test func theREADMEAndTheManPageNameTheSameStatuses() throws {
        let readme = try Repository.text("README.md")
        let page = try Repository.text("man/stomptap.1")
        let table = readme.components(separatedBy: "## Exit status").last?.components(separatedBy: "\n## ").first ?? ""
        let inReadme = table.matches(of: /(?m)^\| ([0-9, ]+) \|/).flatMap {
            $0.output.1.split(separator: ",").compactMap { Int($0.filter(\.isNumber)) }
        }
        let section = page.components(separatedBy: ".SH EXIT STATUS").last?.components(separatedBy: ".SH").first ?? ""
        let inPage = section.matches(of: /\\fB(\d+)\\fR/).compactMap { Int($0.output.1) }
        #expect(inReadme.sorted() == inPage.sorted())
        #expect(inPage.count > 10)
    }

    /// A command copied from the README must not have an unknown option.
    @Test func theREADMENamesOnlyOptionsThatAre() async throws {
        let readme = try Repository.text("README.md")
        var known: Set<String> = []
        for command in try await Program.commands() {
            let help = try await Program.stomptap(command, "--help").run().output
            known.formUnion(help.matches(of: /--[a-z][a-z-]+/).map { String($0.output) })
        }
        let code = readme.components(separatedBy: "\n").filter { $0.contains("stomptap ") }.joined(separator: "\n")
        let named = Set(code.matches(of: /--[a-z][a-z-]+/).map { String($0.output) })
        #expect(!named.isEmpty)
        #expect(named.subtracting(known) == [])
    }
}

extension Program {
    /// Returns all commands listed by the program's help.
    static func commands() async throws -> Set<String> {
        let help = try await Program.stomptap("--help").run().output
        let list = help.components(separatedBy: "\nCOMMANDS\n").last?.components(separatedBy: "\n\n").first ?? ""
        return Set(list.matches(of: /(?m)^  ([a-z]+)/).map { String($0.output.1) })
    }
}
