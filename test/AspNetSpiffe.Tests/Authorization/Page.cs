using Microsoft.AspNetCore.Components;

namespace AspNetSpiffe.Tests.Authorization;

[Route("/page")]
public sealed class Page : ComponentBase;
