import Foundation
import TestSupport
import Testing

/// Checks that the folders of a module have no cyclic dependencies.
///
/// A folder depends on another if its code names a type or function of it. Members that an extension adds to a type
/// are not detected.
struct FolderTests {
    private static let rooms = ["StomptapCommands", "StomptapConsole", "StomptapBench", "StomptapRuntime"]

    /// A source file: its folder, and the names in its code.
    private struct File {
        var folder: String
        /// Types and functions that other files can see.
        var declared: Set<String>
        /// Names that are used but not declared in the file.
        var used: Set<String>

        init(folder: String, source: String) {
            self.folder = folder
            let code = SwiftSource(source).code
            // A declaration without indentation is visible to other files, unless it is private.
            let declaration =
                /^(?:@\w+(?:\([^)]*\))?\h+)*(?:(?:public|package|internal|final|indirect)\h+)*(?:struct|class|enum|actor|protocol|typealias|func)\h+(\w+)/
            declared = Set(code.matches(of: declaration.anchorsMatchLineEndings()).map { String($0.output.1) })
            let type = /\b(?:struct|class|enum|actor|protocol|typealias|associatedtype)\h+(\w+)/
            let own = Set(code.matches(of: type).map { String($0.output.1) })
            // A name after a dot is a member.
            let name = /(?:^|[^.\w])([A-Za-z_]\w*)/
            used = Set(code.matches(of: name).map { String($0.output.1) }).subtracting(own).subtracting(declared)
        }
    }

    /// Returns the dependencies between folders that form a cycle, with the names that cause them: `A -> B: Name`.
    private static func circle(of files: [File]) -> [String] {
        var homes: [String: Set<String>] = [:]
        for file in files {
            for name in file.declared { homes[name, default: []].insert(file.folder) }
        }
        var names: [String: [String: Set<String>]] = [:]
        for file in files {
            for name in file.used {
                for home in homes[name] ?? [] where home != file.folder {
                    names[file.folder, default: [:]][home, default: []].insert(name)
                }
            }
        }
        // A folder that depends on no remaining folder, or that no remaining folder depends on, is not part of a
        // cycle.
        var left = Set(names.keys)
        func isOnTheWay(_ folder: String) -> Bool {
            let others = left.subtracting([folder])
            return !others.isDisjoint(with: names[folder, default: [:]].keys)
                && others.contains { names[$0, default: [:]][folder] != nil }
        }
        while let end = left.first(where: { !isOnTheWay($0) }) { left.remove(end) }
        return left.sorted().flatMap { folder in
            names[folder, default: [:]].filter { left.contains($0.key) }.sorted { $0.key < $1.key }.map {
                "\(folder) -> \($0.key): \($0.value.sorted().joined(separator: ", "))"
            }
        }
    }

    @Test(arguments: rooms) func noFolderLeadsBackToItself(room: String) throws {
        let folder = Repository.root.appending(path: "Sources/\(room)")
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
        #expect(paths.count > 5)
        let files = try paths.map { path in
            File(
                folder: path.contains("/") ? String(path.prefix { $0 != "/" }) : ".",
                source: try Repository.text("Sources/\(room)/\(path)"))
        }
        let circle = Self.circle(of: files)
        #expect(circle.isEmpty, "\(circle.joined(separator: "\n"))")
    }

    @Test func circlesAreSeen() {
        let files = [
            File(folder: "A", source: "package struct One {\n    let two: Two?\n}"),
            File(folder: "B", source: "final class Two {\n    func three() { makeThree() }\n}"),
            File(folder: "C", source: "func makeThree() { print(\"\\(One.self)\") }"),
            File(folder: "D", source: "enum Four { static let one = One(two: nil) }"),
        ]
        #expect(Self.circle(of: files) == ["A -> B: Two", "B -> C: makeThree", "C -> A: One"])
    }

    @Test(arguments: [
        "// One", "let text = \"One\"", "let value = Other.One.self", "private struct One {}\nlet one = One()",
        "struct Outer {\n    struct One {}\n    let one: One\n}", "let OneMore = 1",
    ])
    func whatIsNoNameOfTheOtherFolderIsNoArrow(source: String) {
        let files = [
            File(folder: "A", source: "struct One { let two: Two }"),
            File(folder: "B", source: "struct Two {}\n" + source),
        ]
        #expect(Self.circle(of: files) == [])
    }
}
