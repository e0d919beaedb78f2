// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  // Scripts/test builds product and tests together, once.
  .unsafeFlags(["-enable-testing"], .when(configuration: .release)),
]

let cSettings: [CSetting] = [
  .treatAllWarnings(as: .error), .enableWarning("all"), .enableWarning("extra"),
]

/// One file each for the executables: it starts in under a millisecond and needs no Swift runtime
/// on the machine that it is copied to.
let staticExecutable: [LinkerSetting] = [
  .unsafeFlags(["-static-executable"], .when(configuration: .release))
]

/// Where objects refer to each other all the time. Debug builds, which run the same seeds, go on
/// checking that none of them is changed by two at once.
let uncheckedExclusivity: [SwiftSetting] = [
  .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))
]

/// What simulated worlds spend their time in is optimized in debug builds, too, which run thousands of
/// them as tests. Their checks (overflow, exclusivity, preconditions) are the same.
let optimized: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

/// A library of the house. What it may import is said here and nowhere else: the compiler keeps it.
func library(
  _ name: String, imports dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = [],
  exclude documents: [String] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, exclude: documents,
    swiftSettings: swiftSettings + settings)
}

func executable(_ name: String, imports dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies, swiftSettings: swiftSettings,
    linkerSettings: staticExecutable)
}

/// Tests are not optimized: that takes longer than it saves. None depends on an executable, whose static
/// linking it would inherit; a build of the tests builds all executables, too.
func tests(_ name: String, of dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: name, dependencies: dependencies,
    swiftSettings: swiftSettings + [.unsafeFlags(["-Onone"], .when(configuration: .release))])
}

let package = Package(
  name: "flow",
  // What the package in Fuzz builds upon; the executables are products by themselves.
  products: [
    .library(name: "FlowFuzzing", targets: ["FlowFuzzing"]),
    .library(name: "FlowsimCommands", targets: ["FlowsimCommands"]),
  ],
  targets: [
    .systemLibrary(name: "CCrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CYAML", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["libz-dev"])]),
    .target(name: "CLinux", cSettings: cSettings),
    .target(name: "CMonitor", cSettings: cSettings),
    .target(name: "CLauncher", dependencies: ["CMonitor"], cSettings: cSettings),
    .target(name: "CTorture", cSettings: cSettings),

    library("FlowCore", settings: optimized),
    library("FlowJSON"),
    library("FlowText"),
    library("FlowDefinition", imports: ["CYAML", "FlowCore", "FlowText"]),
    library("FlowStorage", settings: optimized),
    library("FlowLog", imports: ["CZlib", "FlowStorage"], settings: optimized),
    library("FlowMemoryStorage", imports: ["FlowStorage"]),
    library("FlowPublication", imports: ["FlowStorage"], settings: optimized),
    library(
      "FlowCache", imports: ["FlowCore", "FlowPublication", "FlowStorage"], settings: optimized),
    library(
      "FlowRuntime",
      imports: ["CMonitor", "FlowCache", "FlowCore", "FlowLog", "FlowStorage", "FlowText"],
      settings: optimized),
    library(
      "FlowSystem",
      imports: [
        "CCrypto", "CLauncher", "CLinux", "CMonitor", "CSQLite", "FlowCache", "FlowCore",
        "FlowPublication", "FlowRuntime", "FlowStorage", "FlowText",
      ]),
    library(
      "FlowSimulation",
      imports: [
        "CMonitor", "FlowCache", "FlowCore", "FlowLog", "FlowPublication", "FlowRuntime",
        "FlowStorage",
      ],
      settings: uncheckedExclusivity + optimized, exclude: ["README.md"]),
    library(
      "FlowCommandLine",
      imports: ["FlowCore", "FlowDefinition", "FlowStorage", "FlowSystem", "FlowText"]),
    library(
      "FlowCommands",
      imports: [
        "FlowCache", "FlowCommandLine", "FlowCore", "FlowDefinition", "FlowLog",
        "FlowPublication", "FlowRuntime", "FlowStorage", "FlowSystem", "FlowText",
      ]),
    library(
      "FlowsimCommands",
      imports: [
        "FlowCommandLine", "FlowCore", "FlowDefinition", "FlowRuntime", "FlowSimulation",
        "FlowStorage", "FlowSystem", "FlowText",
      ]),
    library(
      "FlowFuzzing",
      imports: [
        "CMonitor", "CZlib", "FlowCore", "FlowDefinition", "FlowLog", "FlowMemoryStorage",
        "FlowPublication", "FlowRuntime", "FlowSimulation",
      ]),
    library(
      "FlowtortureCommands",
      imports: [
        "CLinux", "CTorture", "FlowCommandLine", "FlowCore", "FlowJSON", "FlowLog", "FlowRuntime",
        "FlowStorage", "FlowSystem",
      ]),

    executable("flow", imports: ["FlowCommands", "FlowSystem"]),
    executable("flowsim", imports: ["FlowsimCommands"]),
    executable("flowtorture", imports: ["CTorture", "FlowtortureCommands"]),
    executable("flowbench", imports: ["FlowCore", "FlowLog", "FlowRuntime", "FlowSystem"]),
    executable("fuzzseeds", imports: ["FlowFuzzing", "FlowStorage", "FlowSystem"]),

    .target(
      name: "TestSupport", dependencies: ["CLinux", "FlowJSON"], path: "Tests/TestSupport",
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "FaultyLauncher", dependencies: ["CMonitor"], path: "Tests/FaultyLauncher",
      cSettings: cSettings + [
        .headerSearchPath("../../Sources/CLauncher"),
        .headerSearchPath("../../Sources/CLauncher/include"),
      ]),
    tests("CMonitorTests", of: ["CMonitor"]),
    tests(
      "CommandLineTests",
      of: [
        "FlowCore", "FlowJSON", "FlowLog", "FlowRuntime", "FlowSystem", "TestSupport",
      ]),
    tests(
      "ConformanceTests",
      of: [
        "FlowCore", "FlowLog", "FlowRuntime", "FlowSimulation", "FlowStorage", "FlowSystem",
        "TestSupport",
      ]),
    tests(
      "FlowCommandsTests",
      of: [
        "FlowCommandLine", "FlowCommands", "FlowCore", "FlowDefinition", "FlowJSON", "FlowLog",
        "FlowMemoryStorage", "FlowRuntime", "FlowStorage", "FlowSystem", "FlowText", "TestSupport",
      ]),
    tests("FlowCoreTests", of: ["FlowCore"]),
    tests(
      "FlowDefinitionTests",
      of: ["FlowCore", "FlowDefinition", "FlowJSON", "FlowText", "TestSupport"]),
    tests(
      "FlowFuzzingTests",
      of: [
        "FlowCore", "FlowDefinition", "FlowFuzzing", "FlowJSON", "FlowLog", "FlowMemoryStorage",
        "FlowPublication", "FlowRuntime", "FlowSimulation", "TestSupport",
      ]),
    tests("FlowLogTests", of: ["FlowLog", "FlowStorage"]),
    tests("FlowPublicationTests", of: ["FlowPublication", "FlowStorage"]),
    tests(
      "FlowRuntimeTests",
      of: ["CMonitor", "FlowCore", "FlowLog", "FlowRuntime", "FlowSimulation", "FlowStorage"]),
    tests(
      "FlowSimulationTests",
      of: ["FlowCore", "FlowLog", "FlowRuntime", "FlowSimulation", "FlowStorage", "TestSupport"]),
    tests(
      "FlowsimCommandsTests",
      of: [
        "FlowCommandLine", "FlowCore", "FlowDefinition", "FlowJSON", "FlowRuntime",
        "FlowSimulation", "FlowStorage", "FlowSystem", "FlowsimCommands", "TestSupport",
      ]),
    tests("FlowStorageTests", of: ["FlowStorage"]),
    tests(
      "FlowSystemTests",
      of: [
        "CMonitor", "FlowCache", "FlowCore", "FlowPublication", "FlowRuntime", "FlowStorage",
        "FlowSystem", "FlowText", "TestSupport",
      ]),
    tests("FlowTextTests", of: ["FlowText"]),
    tests(
      "FlowtortureTests", of: ["FlowCore", "FlowDefinition", "FlowSystem", "FlowtortureCommands"]),
    tests("HouseTests", of: ["TestSupport"]),
  ]
)
