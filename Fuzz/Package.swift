// swift-tools-version: 6.1
import PackageDescription

// A package of its own, lest every build of the program build it too. `Sources/STOMPCore` and `Sources/SystemC` are the program's.
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")

// Coverage of the code under test and nothing else guides the fuzzer.
let sanitized = SwiftSetting.unsafeFlags(["-sanitize=address,fuzzer", "-parse-as-library"])

let package = Package(
    name: "fuzz",
    dependencies: [.package(url: "https://github.com/apple/swift-nio", from: "2.101.2")],
    targets: [
        .target(name: "SystemC"),
        .target(name: "STOMPCore", dependencies: ["SystemC", nioCore], swiftSettings: [sanitized]),
        .executableTarget(name: "FuzzDecoder", dependencies: ["STOMPCore", nioCore], swiftSettings: [sanitized]),
    ]
)
