<#
.SYNOPSIS
    Builds Forge on Windows, with the words of the Makefile; tests/rules/test_build_ps1.py holds each step against it.
.DESCRIPTION
    build.ps1 setup    Python packages into .venv, each checked against its hash
    build.ps1 ui       the board: checked, tested, and built into forge\static
    build.ps1 build    the board, then the executable in dist\, then its self-test
    build.ps1 lint     style, types, and who may import whom
    build.ps1 test     what can be tested without Docker, a registry and Caddy of Debian's
    build.ps1 clean    remove what was made here
    For Windows PowerShell 5.1 and PowerShell 7. Nothing outside of this folder is touched. Where scripts may not run:
    powershell -ExecutionPolicy Bypass -File build.ps1 build
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('help', 'setup', 'ui', 'build', 'lint', 'test', 'clean')]
    [string] $Target = 'help'
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
Set-Location -LiteralPath $PSScriptRoot

$Scripts = Join-Path $PSScriptRoot '.venv\Scripts'
$VenvPython = Join-Path $Scripts 'python.exe'
$Installed = Join-Path $PSScriptRoot '.venv\installed'

function Invoke-Checked {
    # Runs a program and ends with its exit code if it fails: PowerShell 5.1 would go on.
    param([string] $Program, [string[]] $Arguments)
    & $Program @Arguments
    if ($LASTEXITCODE -ne 0) {
        throw "$Program $($Arguments -join ' ') ended with $LASTEXITCODE."
    }
}

function Find-Python {
    # The launcher of python.org first, then what is on the path; 3.11 or newer.
    # What a program says on its error output would end a script of Windows PowerShell 5.1 that stops at errors.
    $ErrorActionPreference = 'Continue'
    $asked = 'import sys; sys.exit(sys.version_info < (3, 11))'
    foreach ($candidate in @(@('py', '-3.11'), @('py', '-3'), @('python'))) {
        if (-not (Get-Command $candidate[0] -ErrorAction SilentlyContinue)) { continue }
        $before = @($candidate | Select-Object -Skip 1)
        & $candidate[0] @before -c $asked 2>$null
        if ($LASTEXITCODE -eq 0) { return , $candidate }
    }
    throw 'Forge needs Python 3.11 or newer: install it from python.org, then run this again.'
}

function Assert-Node {
    if (-not (Get-Command 'npm.cmd' -ErrorAction SilentlyContinue)) {
        throw 'The board needs Node.js 20 or newer with npm: install it from nodejs.org, then run this again.'
    }
    $major = [int] ((& node --version).TrimStart('v').Split('.')[0])
    if ($major -lt 20) {
        throw "The board needs Node.js 20 or newer, this is $major`: install it from nodejs.org, then run this again."
    }
}

function Invoke-Setup {
    $lock = Get-Item 'requirements-dev.lock', 'pyproject.toml' | Sort-Object LastWriteTime | Select-Object -Last 1
    if ((Test-Path $Installed) -and ((Get-Item $Installed).LastWriteTime -gt $lock.LastWriteTime)) { return }
    if (-not (Test-Path $VenvPython)) {
        $python = Find-Python
        $before = @($python | Select-Object -Skip 1)
        Invoke-Checked $python[0] ($before + @('-m', 'venv', '.venv'))
    }
    $pip = @('-m', 'pip', 'install', '--quiet', '--disable-pip-version-check')
    Invoke-Checked $VenvPython ($pip + @('--require-hashes', '-r', 'requirements-dev.lock'))
    Invoke-Checked $VenvPython ($pip + @('--no-deps', '--no-build-isolation', '--no-index', '-e', '.'))
    Set-Content -Path $Installed -Value ''
}

function Invoke-Ui {
    Assert-Node
    Push-Location 'ui'
    try {
        Invoke-Checked 'npm.cmd' @('ci', '--ignore-scripts', '--no-audit', '--no-fund')
        Invoke-Checked 'npm.cmd' @('run', 'check')
        Invoke-Checked 'npm.cmd' @('test')
        Invoke-Checked 'npm.cmd' @('run', 'build')
    }
    finally {
        Pop-Location
    }
}

function Invoke-Build {
    Invoke-Setup
    Invoke-Ui
    Invoke-Checked $VenvPython @('spec/build.py')
}

function Invoke-Lint {
    Invoke-Setup
    Invoke-Checked (Join-Path $Scripts 'ruff.exe') @('check', '.')
    Invoke-Checked (Join-Path $Scripts 'ruff.exe') @('format', '--check', '.')
    Invoke-Checked (Join-Path $Scripts 'mypy.exe') @()
    Invoke-Checked (Join-Path $Scripts 'lint-imports.exe') @()
}

function Invoke-Test {
    Invoke-Setup
    Invoke-Lint
    Invoke-Ui
    Invoke-Checked $VenvPython @('-m', 'pytest', '-n', '2', '-m', 'not real')
}

function Invoke-Clean {
    foreach ($made in @('.venv', '.build', 'build', 'dist', 'ui\node_modules', 'ui\.svelte-kit')) {
        if (Test-Path $made) { Remove-Item -Recurse -Force $made }
    }
}

switch ($Target) {
    'setup' { Invoke-Setup }
    'ui' { Invoke-Setup; Invoke-Ui }
    'build' { Invoke-Build }
    'lint' { Invoke-Lint }
    'test' { Invoke-Test }
    'clean' { Invoke-Clean }
    default { Get-Help $PSCommandPath }
}
