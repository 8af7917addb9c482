// swift-tools-version: 6.1
import PackageDescription

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nio: [Target.Dependency] = [nioCore, .product(name: "NIOPosix", package: "swift-nio")]
let nioHTTP: [Target.Dependency] = [
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "NIOWebSocket", package: "swift-nio"),
]
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")

let package = Package(
    name: "stomptap",
    products: [
        .executable(name: "stomptap", targets: ["stomptap"]),
        .library(name: "STOMPClient", targets: ["STOMPClient", "STOMPCore", "STOMPTransport"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        .target(name: "SystemC"),
        .target(name: "STOMPCore", dependencies: ["SystemC", nioCore]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "STOMPTransport", dependencies: ["SystemC", "COpenSSL", "CZlib"] + nio + nioHTTP),
        .target(name: "STOMPClient", dependencies: ["STOMPCore", "STOMPTransport"] + nio),
        .target(name: "STOMPBroker", dependencies: ["SystemC", "STOMPCore", "STOMPTransport"] + nio),
        .target(name: "STOMPTap", dependencies: ["SystemC", "STOMPCore", "STOMPTransport"] + nio + nioHTTP),
        .systemLibrary(name: "CEditLine", pkgConfig: "libedit", providers: [.apt(["libedit-dev"])]),
        .target(name: "LineEditor", dependencies: ["SystemC", "CEditLine"]),
        .systemLibrary(name: "CSpawn"),
        .target(
            name: "StomptapOutput",
            dependencies: ["SystemC", "STOMPCore", "STOMPTransport", "STOMPClient", "STOMPBroker", "STOMPTap"] + nio),
        .target(
            name: "StomptapRuntime",
            dependencies: ["StomptapOutput", "STOMPCore", "STOMPTransport", "STOMPClient", "CSpawn", "SystemC"] + nio),
        .target(
            name: "StomptapBench",
            dependencies: [
                "StomptapRuntime", "StomptapOutput", "STOMPCore", "STOMPTransport", "STOMPClient", "SystemC",
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ] + nio),
        .target(
            name: "StomptapConsole",
            dependencies: [
                "StomptapRuntime", "StomptapOutput", "STOMPCore", "STOMPTransport", "STOMPClient", "LineEditor",
                "SystemC",
            ] + nio),
        .target(
            name: "StomptapCommands",
            dependencies: [
                "StomptapConsole", "StomptapBench", "StomptapRuntime", "StomptapOutput", "STOMPCore", "STOMPTransport",
                "STOMPClient", "STOMPBroker", "STOMPTap", "LineEditor", "SystemC",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ] + nio),
        .executableTarget(name: "stomptap", dependencies: ["StomptapCommands", "SystemC"]),
        .executableTarget(name: "generate-docs", dependencies: ["StomptapCommands", "StomptapOutput"]),

        .testTarget(name: "STOMPCoreTests", dependencies: ["STOMPCore", "SystemC", nioCore]),
        .testTarget(
            name: "STOMPTransportTests",
            dependencies: ["STOMPTransport", "SystemC", "COpenSSL", "TestSupport", nioEmbedded] + nio + nioHTTP),
        .testTarget(
            name: "STOMPClientTests", dependencies: ["STOMPClient", "STOMPBroker", "TestSupport", nioEmbedded] + nio),
        .testTarget(
            name: "STOMPBrokerTests", dependencies: ["STOMPBroker", "TestSupport", "STOMPClient", nioEmbedded] + nio),
        .testTarget(
            name: "STOMPTapTests",
            dependencies: ["STOMPTap", "STOMPBroker", "STOMPClient", "SystemC", "TestSupport", nioEmbedded] + nio
                + nioHTTP),
        .executableTarget(
            name: "LineEditorFixture", dependencies: ["LineEditor", "SystemC"], path: "Tests/Fixtures/LineEditorFixture"
        ),
        .testTarget(
            name: "LineEditorTests", dependencies: ["LineEditor", "LineEditorFixture", "SystemC", "TestSupport"]),
        .target(
            name: "OutputFixtures",
            dependencies: ["StomptapOutput", "STOMPTap", "STOMPTransport", "STOMPCore", nioCore],
            path: "Tests/Fixtures/OutputFixtures"),
        .testTarget(
            name: "StomptapOutputTests",
            dependencies: [
                "StomptapOutput", "STOMPBroker", "STOMPTap", "STOMPClient", "STOMPTransport", "STOMPCore",
                "OutputFixtures", "TestSupport", nioCore,
            ], exclude: ["Frames/Golden"]),
        .testTarget(
            name: "StomptapRuntimeTests", dependencies: ["StomptapRuntime", "STOMPClient", "STOMPCore", nioCore]),
        .testTarget(
            name: "StomptapBenchTests",
            dependencies: ["StomptapBench", "StomptapRuntime", "StomptapOutput", "STOMPTransport", nioCore]),
        .testTarget(
            name: "StomptapConsoleTests",
            dependencies: [
                "StomptapConsole", "StomptapRuntime", "StomptapOutput", "STOMPClient", "STOMPCore", "STOMPTransport",
                "LineEditor", nioCore,
            ]),
        .testTarget(
            name: "StomptapCommandsTests",
            dependencies: [
                "StomptapCommands", "StomptapConsole", "StomptapRuntime", "StomptapOutput", "STOMPBroker", "STOMPTap",
                "STOMPClient", "STOMPCore", "STOMPTransport",
                "LineEditor", "SystemC", "OutputFixtures", nioCore,
            ]),
        .target(name: "TestSupport", dependencies: ["SystemC"] + nio, path: "Tests/TestSupport"),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["TestSupport", "STOMPCore", "STOMPTransport", "stomptap", "generate-docs"] + nio,
            exclude: ["Golden", "Traces"]),
        .testTarget(name: "FaultTests", dependencies: ["TestSupport", "stomptap"]),
        .testTarget(
            name: "ToolTests", dependencies: ["TestSupport", "stomptap"] + nio, exclude: ["Cases", "Servers"]),
        .testTarget(name: "TerminalTests", dependencies: ["TestSupport", "LineEditorFixture", "stomptap"]),
        .testTarget(
            name: "BrokerTests", dependencies: ["TestSupport", "STOMPClient"] + nio, exclude: ["Clients", "Servers"]),
    ]
)
