import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import CardUsage from '#lib/board/CardUsage.svelte';
import Chart from '#lib/metrics/Chart.svelte';
import Figures from '#lib/metrics/Figures.svelte';
import MachineCharts from '#lib/metrics/MachineCharts.svelte';
import MachineBox from '#lib/shell/MachineBox.svelte';
import { board, metrics } from '#lib/state/forge.svelte.ts';
import { anInstance, aProject } from './made.ts';

const LINE = [0.1, null, 0.3];
const SPAN = { start: 0, step: 10, points: 3 };
const SERIES = [{ id: 'a', label: 'shop/dev v1', line: LINE, look: 'text-info', dashed: false }];
const MACHINE = {
  name: 'forge-01',
  engine: '28.5.1+dfsg1',
  processors: 4,
  cpu: 0.31 as number | null,
  memory: 7.1e9 as number | null,
  memory_total: 16e9 as number | null,
  received: null,
  sent: null,
  disk: 149e9,
  disk_total: 240e9,
};

beforeEach(() => {
  metrics.now.clear();
  metrics.machine = null;
  board.projects.clear();
});

describe('usage on a card', () => {
  const use = (memory = 181e6) =>
    metrics.now.set('a1b2c3', {
      cpu: 0.08,
      memory,
      received: 1,
      sent: 1,
      cpu_spark: [0.1, 0.08],
      memory_spark: [1, memory],
    });
  const card = () => render(CardUsage, { instance: anInstance(), name: 'dev-1 on shop/dev' });

  it('is a link to the statistics that says the figures', () => {
    use();
    card();
    const link = screen.getByRole('link', { name: 'Statistics of dev-1 on shop/dev: CPU 8% Memory 181 MB' });
    expect(link).toHaveAttribute('href', '/metrics?instance=a1b2c3');
  });

  it('says that nothing is known yet, at the same height', () => {
    card();
    expect(screen.getByRole('link', { name: /CPU – Memory –/ })).toBeInTheDocument();
  });

  it('says in words when memory comes near its limit', () => {
    board.projects.set('shop', aProject({ limits: { memory: 200e6, cpus: null, pids: null } }));
    use(190e6);
    card();
    expect(screen.getByRole('link', { name: /Memory, limit 200 MB 190 MB/ })).toBeInTheDocument();
  });
});

describe('the machine', () => {
  it('is not there before it is known', () => {
    render(MachineBox);
    expect(screen.queryByRole('link')).toBeNull();
  });

  it('says its figures', () => {
    metrics.machine = MACHINE;
    render(MachineBox);
    expect(screen.getByRole('link')).toHaveTextContent(
      /forge-01\s*Docker 28.5.1\s*CPU\s*31%\s*Memory\s*7.1 of 16 GB\s*Disk\s*149 of 240 GB/,
    );
  });

  it('says what this system does not tell', () => {
    metrics.machine = { ...MACHINE, cpu: null, memory: null, memory_total: null };
    render(MachineBox);
    expect(screen.getByRole('link')).toHaveTextContent(/CPU\s*not known\s*Memory\s*not known\s*Disk\s*149/);
  });

  it('has charts of what is known, and sentences for the rest', () => {
    const lines = { cpu: LINE, memory: LINE, received: [null, null, null], sent: [null, null, null] };
    const history = { ...SPAN, at: 30, due: 3, machine: lines, instances: [], left_out: 0 };
    render(MachineCharts, { history, machine: MACHINE, as: 'charts', cursor: null, oncursor: () => {} });
    expect(screen.getAllByRole('slider').map((one) => one.getAttribute('aria-label'))).toEqual([
      'CPU; arrow keys move through time',
      'Memory; arrow keys move through time',
    ]);
    expect(screen.getByText(/Forge runs in a container here/)).toBeInTheDocument();
  });
});

describe('a chart', () => {
  const chart = (more: object = {}) => {
    const oncursor = vi.fn();
    const { rerender } = render(Chart, {
      title: 'CPU',
      unit: 'share',
      span: SPAN,
      series: SERIES,
      cursor: null,
      oncursor,
      ...more,
    });
    return { oncursor, rerender };
  };

  it('is read by the keyboard, a step at a time', async () => {
    const { oncursor, rerender } = chart();
    screen.getByRole('slider').focus();
    await userEvent.keyboard('{ArrowLeft}');
    const { chart: id, index } = oncursor.mock.lastCall![0];
    expect(index).toBe(2);
    await rerender({ cursor: { chart: id, index } });
    expect(screen.getByRole('slider')).toHaveAttribute('aria-valuenow', '2');
    expect(screen.getByRole('slider').getAttribute('aria-valuetext')).toMatch(/shop\/dev v1 30%$/);
    await userEvent.keyboard('{ArrowLeft}');
    expect(oncursor.mock.lastCall![0].index).toBe(1);
    await rerender({ cursor: { chart: id, index: 1 } });
    expect(screen.getByRole('slider').getAttribute('aria-valuetext')).toMatch(/nothing measured$/);
    await userEvent.keyboard('{Home}');
    expect(oncursor.mock.lastCall![0].index).toBe(0);
    await userEvent.keyboard('{Escape}');
    expect(oncursor.mock.lastCall![0]).toBeNull();
  });

  it('shows the moment that another chart is at, without a box of its own', () => {
    chart({ cursor: { chart: 'another', index: 2 } });
    expect(document.querySelectorAll('circle[r="3.5"]')).toHaveLength(1);
    expect(screen.queryByText('shop/dev v1')).toBeNull();
  });

  it('says its limit, and marks deploys', () => {
    chart({ limit: { value: 0.5, text: 'limit 50%' }, marks: [{ at: 10, text: '#3' }] });
    expect(screen.getByText('limit 50%')).toBeInTheDocument();
    expect(document.querySelectorAll('path.fill-sub')).toHaveLength(1);
  });

  it('is a table for who reads tables', () => {
    render(Figures, { title: 'CPU', unit: 'share', span: SPAN, series: SERIES });
    expect(screen.getAllByRole('cell').map((cell) => cell.textContent)).toEqual(['10%', '–', '30%']);
    expect(screen.getByRole('columnheader', { name: 'shop/dev v1' })).toBeInTheDocument();
  });
});
