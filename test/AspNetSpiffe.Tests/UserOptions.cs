using Microsoft.AspNetCore.Authentication;

namespace AspNetSpiffe.Tests;

/// <summary>Who the users of <see cref="UserHandler"/> are.</summary>
internal sealed class UserOptions : AuthenticationSchemeOptions
{
    public bool EverybodyIsAlice { get; set; }
}
