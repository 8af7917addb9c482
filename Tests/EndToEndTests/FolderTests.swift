import Foundation
import TestSupport
import Testing

/// The folders of a module stand one above the other: none of them leads back to itself.
///
/// The arrows are those of names: a folder knows another where a type or function of that one is named in it. What
/// extensions add to a type is not seen.
struct FolderTests {
    private static let rooms = ["StomptapCommands", "StomptapConsole", "StomptapBench", "StomptapRuntime"]

    /// What one source file is: the folder that it is in, and the names in its code.
    private struct File {
        var folder: String
        /// Types and functions that other files can see.
        var declared: Set<String>
        /// What is named and not declared by the file itself.
        var used: Set<String>

        init(folder: String, source: String) {
            self.folder = folder
            let code = SwiftSource(source).code
            // A declaration without an indent is one that other files see, unless it is private.
            let declaration =
                /^(?:@\w+(?:\([^)]*\))?\h+)*(?:(?:public|package|internal|final|indirect)\h+)*(?:struct|class|enum|actor|protocol|typealias|func)\h+(\w+)/
            declared = Set(code.matches(of: declaration.anchorsMatchLineEndings()).map { String($0.output.1) })
            let type = /\b(?:struct|class|enum|actor|protocol|typealias|associatedtype)\h+(\w+)/
            let own = Set(code.matches(of: type).map { String($0.output.1) })
            // Behind a point stands a member.
            let name = /(?:^|[^.\w])([A-Za-z_]\w*)/
            used = Set(code.matches(of: name).map { String($0.output.1) }).subtracting(own).subtracting(declared)
        }
    }

    /// The folders that lead back to themselves, with the names by which they know each other: `A -> B: Name`.
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
        // What leads to none that is left, or is led to by none, is on no way back.
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
