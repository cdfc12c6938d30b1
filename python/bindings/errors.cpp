#include <new>

#include <c10/util/Exception.h>

#include "bindings.h"
#include "core/printable.h"
#include "core/want_of_memory.h"

namespace farfield::python {
namespace {

// One of our errors with the Python exception that caused it. Copied and destroyed wherever C++ unwinds, so the reference
// is counted with the interpreter held.
class CausedError : public Error {
 public:
  CausedError(const std::string& message, py::error_already_set& error)
      : Error(ExitCode::kUsage, message), cause_(new py::error_already_set(error), [](py::error_already_set* held) {
          const py::gil_scoped_acquire interpreter;
          delete held;
        }) {}
  py::error_already_set& cause() const { return *cause_; }

 private:
  std::shared_ptr<py::error_already_set> cause_;
};

py::object error_class(ExitCode code) {
  const char* name = "BugError";
  switch (code) {
    case ExitCode::kUsage:
      name = "UsageError";
      break;
    case ExitCode::kBadFile:
      name = "BadFileError";
      break;
    case ExitCode::kNumeric:
      name = "NumericError";
      break;
    case ExitCode::kIo:
      name = "IoError";
      break;
    case ExitCode::kMemory:
      name = "OutOfMemoryError";
      break;
    case ExitCode::kInterrupted:
      name = "InterruptedRunError";
      break;
    case ExitCode::kTrust:
      name = "TrustError";
      break;
    case ExitCode::kOk:
    case ExitCode::kBug:
      break;
  }
  return py::module_::import("farfield._errors").attr(name);
}

void translate(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const CausedError& error) {
    const py::object type = error_class(error.code());  // before there is an error: it may import
    error.cause().restore();
    py::raise_from(type.ptr(), printable(error.what()).c_str());
  } catch (const Error& error) {
    py::set_error(error_class(error.code()), printable(error.what()).c_str());
  } catch (const std::bad_alloc& error) {
    py::set_error(error_class(ExitCode::kMemory), describe_want_of_memory(error).c_str());
  } catch (const c10::Error& error) {
    if (is_want_of_memory(error))
      return py::set_error(error_class(ExitCode::kMemory), describe_want_of_memory(error).c_str());
    py::set_error(error_class(ExitCode::kBug), ("LibTorch: " + words_of(error)).c_str());
  }
}

}  // namespace

void add_errors(py::module_&) { py::register_local_exception_translator(translate); }

torch::Tensor tensor_of(const py::object& values, const std::string& what) {
  if (THPVariable_Check(values.ptr())) return THPVariable_Unpack(values.ptr());
  try {
    py::object array = values;
    if (py::hasattr(values, "flags") && !values.attr("flags").attr("writeable").cast<bool>())
      array = values.attr("copy")();  // torch warns of numpy arrays that must not be written to
    const py::object tensor = py::module_::import("torch").attr("as_tensor")(array);
    return THPVariable_Unpack(tensor.ptr());
  } catch (py::error_already_set& error) {
    rethrow_python_error(error, what + ": expected a torch.Tensor or an array of numbers");
  }
}

void rethrow_python_error(py::error_already_set& error, const std::string& where) {
  if (error.matches(PyExc_KeyboardInterrupt) || error.matches(PyExc_SystemExit)) throw;
  const auto type = py::str(error.type().attr("__name__")).cast<std::string>();
  auto message = py::str(error.value()).cast<std::string>();
  message = message.substr(0, message.find('\n'));
  throw CausedError(where + ": " + type + (message.empty() ? "" : ": " + message), error);
}

bool PythonSignals::asked() {
  constexpr std::chrono::milliseconds kPause(20);
  if (raised_) return true;
  const auto now = std::chrono::steady_clock::now();
  if (now - asked_at_ < kPause) return false;
  asked_at_ = now;
  const py::gil_scoped_acquire interpreter;
  if (PyErr_CheckSignals() == 0) return false;
  raised_.emplace();  // takes what is raised
  return true;
}

void PythonSignals::prefer_to(const Error& stopped) {
  if (!raised_ || stopped.code() != ExitCode::kInterrupted) return;
  raised_->value().attr("__cause__") = error_class(stopped.code())(stopped.what());
  throw py::error_already_set(*raised_);
}

}  // namespace farfield::python
