// swift-tools-version: 6.2
import PackageDescription

/// One executable a target, each with libFuzzer's own `main`: to be built with
/// `--sanitize=fuzzer` only, as `Scripts/fuzz` does.
func fuzzer(_ name: String) -> Target {
  .executableTarget(
    name: name,
    // By the name that its link has here, whatever the folder is called that holds the sources.
    dependencies: [.product(name: "FlowFuzzing", package: "flow")],
    path: name,
    swiftSettings: [
      .swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error),
      .unsafeFlags(["-parse-as-library"]),
    ])
}

let package = Package(
  name: "fuzzers",
  dependencies: [.package(path: "flow")],
  targets: ["definition", "segment", "events", "record", "schedule"].map(fuzzer))
