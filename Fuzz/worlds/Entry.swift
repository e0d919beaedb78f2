import FlowsimCommands
import Glibc

/// libFuzzer calls this before anything else: this program is flowsim, in the build of the fuzzers.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: UnsafeRawPointer?, _ arguments: UnsafeRawPointer?) -> CInt {
  exit(FlowsimMain.run(Array(CommandLine.arguments.dropFirst())))
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  preconditionFailure("flowsim has returned")
}
