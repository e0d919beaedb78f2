// swift-tools-version: 6.2
import PackageDescription

/// One executable a target, with libFuzzer's `main`. `Scripts/fuzz` builds them with `--sanitize=fuzzer`, which
/// they need.
func fuzzer(_ name: String, of library: String = "FlowFuzzing") -> Target {
  .executableTarget(
    name: name,
    // The name of the link in this folder, so that the name of the clone's folder does not matter.
    dependencies: [.product(name: library, package: "flow")],
    path: name,
    swiftSettings: [
      .swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error),
      .unsafeFlags(["-parse-as-library"]),
    ])
}

let package = Package(
  name: "fuzzers",
  dependencies: [.package(path: "flow")],
  targets: [
    "definition", "yaml", "variables", "segment", "events", "record", "manifest", "schedule",
  ].map { fuzzer($0) } + [fuzzer("worlds", of: "FlowsimCommands")])
