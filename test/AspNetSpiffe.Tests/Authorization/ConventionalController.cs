using Microsoft.AspNetCore.Mvc;

namespace AspNetSpiffe.Tests.Authorization;

public sealed class ConventionalController : ControllerBase
{
    public string Open() => "";
}
