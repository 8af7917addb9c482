// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that no build of the program builds it too. `Program` is a link to the program's sources.
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nio: [Target.Dependency] = [nioCore, .product(name: "NIOPosix", package: "swift-nio")]
let nioHTTP: [Target.Dependency] = [
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "NIOWebSocket", package: "swift-nio"),
]

// Coverage of the code under test guides the fuzzer. Targets call what is internal, as tests do.
let sanitized: [SwiftSetting] = [
    .unsafeFlags(["-sanitize=address,fuzzer", "-parse-as-library", "-enable-testing"])
]

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Program/\(name)", swiftSettings: sanitized)
}

func library(_ name: String, pkgConfig: String? = nil) -> Target {
    .systemLibrary(name: name, path: "Program/\(name)", pkgConfig: pkgConfig)
}

let package = Package(
    name: "fuzz",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        library("COpenSSL", pkgConfig: "openssl"),
        library("CZlib", pkgConfig: "zlib"),
        library("CEditLine", pkgConfig: "libedit"),
        library("CSpawn"),
        program("SystemC", []),
        program("STOMPCore", ["SystemC", nioCore]),
        program("STOMPTransport", ["SystemC", "COpenSSL", "CZlib"] + nio + nioHTTP),
        program("STOMPClient", ["STOMPCore", "STOMPTransport"] + nio),
        program("STOMPBroker", ["SystemC", "STOMPCore", "STOMPTransport"] + nio),
        program("STOMPTap", ["SystemC", "STOMPCore", "STOMPTransport"] + nio + nioHTTP),
        program("LineEditor", ["SystemC", "CEditLine"]),
        program(
            "StomptapOutput",
            ["SystemC", "STOMPCore", "STOMPTransport", "STOMPClient", "STOMPBroker", "STOMPTap"] + nio
        ),
        program(
            "StomptapRuntime",
            ["StomptapOutput", "STOMPCore", "STOMPTransport", "STOMPClient", "CSpawn", "SystemC"] + nio),
        program(
            "StomptapBench",
            [
                "StomptapRuntime", "StomptapOutput", "STOMPCore", "STOMPTransport", "STOMPClient", "SystemC",
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ] + nio),
        program(
            "StomptapConsole",
            [
                "StomptapRuntime", "StomptapOutput", "STOMPCore", "STOMPTransport", "STOMPClient", "LineEditor",
                "SystemC",
            ] + nio),
        program(
            "StomptapCommands",
            [
                "StomptapConsole", "StomptapBench", "StomptapRuntime", "StomptapOutput", "STOMPCore", "STOMPTransport",
                "STOMPClient", "STOMPBroker", "STOMPTap", "LineEditor", "SystemC",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ] + nio),
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "STOMPCore", "STOMPTransport", "StomptapOutput", "StomptapRuntime", "StomptapConsole",
                "StomptapCommands", "SystemC",
            ] + nio + nioHTTP, swiftSettings: sanitized),
    ]
)
