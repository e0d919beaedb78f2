import CMonitor
import FlowCore
import FlowRuntime
import FlowText

/// The format of a request to a launcher (`channel.h` in CMonitor).
enum RequestEncoding {
  static func encode(
    _ request: LaunchRequest, in host: flow_host_context, into bytes: inout [UInt8]
  ) {
    let arguments = request.arguments
    let begin = bytes.count
    let headerSize = MemoryLayout<flow_request_header>.size
    bytes.append(contentsOf: repeatElement(0, count: headerSize))
    append(request.workingDirectory, to: &bytes)
    append(request.outputPath, to: &bytes)
    append(request.recordPath, to: &bytes)
    append(request.secrets.folder ?? "", to: &bytes)
    append(request.outputs?.folder ?? "", to: &bytes)
    append(request.outputs?.file ?? "", to: &bytes)
    for argument in arguments { append(argument, to: &bytes) }
    for variable in request.environment {
      bytes += variable.name.utf8
      bytes.append(UInt8(ascii: "="))
      append(variable.value, to: &bytes)
    }
    for secret in request.secrets.values {
      bytes += secret.name.utf8
      bytes.append(UInt8(ascii: "="))
      switch secret.form {
      case .variable: append(secret.bytes, to: &bytes)
      case .file: append("\(request.secrets.folder ?? "")/\(secret.name)", to: &bytes)
      }
    }
    for secret in request.secrets.values {
      append(secret.name, to: &bytes)
      append(secret.bytes, to: &bytes)
    }
    let outputs = request.outputs?.declared ?? []
    for output in outputs {
      let isSmall = output.type.mostBytes == FLOW_OUTPUTS_SMALL
      append((isSmall ? "S" : "L") + output.name, to: &bytes)
    }
    let size = bytes.count - begin
    precondition(size <= FLOW_REQUEST_MAX_SIZE, "a command that exceeds the limit of a definition")
    let header = flow_request_header(
      size: UInt32(size), argument_count: UInt32(arguments.count),
      variable_count: UInt32(request.environment.count + request.secrets.values.count),
      step: request.attempt.step,
      attempt: request.attempt.number,
      keeps_stragglers: request.settings.stragglers == .keep ? 1 : 0,
      intent: request.intent, host: host,
      timeout_us: request.settings.timeoutMilliseconds.map(microseconds) ?? -1,
      grace_us: microseconds(request.settings.killGraceMilliseconds),
      max_output_bytes: request.settings.maxOutputBytes,
      stop_signal: request.settings.stopSignal.number,
      hides_interruption: request.hidesInterruption ? 1 : 0,
      secret_count: UInt32(request.secrets.values.count),
      secret_file_count: UInt32(request.secrets.files.count),
      output_count: UInt32(outputs.count))
    unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe buffer.storeBytes(of: header, toByteOffset: begin, as: flow_request_header.self)
    }
  }

  private static func append(_ string: String, to bytes: inout [UInt8]) {
    append(RawText.bytes(string), to: &bytes)
  }

  private static func append(_ string: some Sequence<UInt8>, to bytes: inout [UInt8]) {
    let start = bytes.count
    bytes += string
    precondition(!bytes[start...].contains(0), "a string with a NUL")
    bytes.append(0)
  }

  private static func microseconds(_ milliseconds: Int64) -> Int64 {
    let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000)
    return overflow ? .max : product
  }
}
